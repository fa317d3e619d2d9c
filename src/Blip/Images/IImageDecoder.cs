namespace Blip.Images;

/// <summary>
/// Decodes the bytes of an image to pixels, and does nothing else. Blip itself finds the format, checks the size and refuses incomplete
/// files before it calls the decoder, and removes transparency and turns the image afterwards. Implementations must be thread-safe.
/// </summary>
public interface IImageDecoder
{
    /// <summary>
    /// Reads the header of a format that Blip knows but does not read itself: HEIC, AVIF, TIFF, JPEG XL. No pixels are decoded. By default
    /// a decoder reads none of them. One that does must refuse an incomplete file in <see cref="Decode"/>.
    /// </summary>
    /// <param name="data">The bytes of the file.</param>
    /// <param name="format">The format, found from the content.</param>
    /// <returns>The header. <see langword="null"/>: the decoder does not read this format.</returns>
    /// <exception cref="BlipException"><see cref="BlipErrorCode.ImageCorrupt"/>.</exception>
    ImageHeader? ReadHeader(ReadOnlyMemory<byte> data, ImageFormat format) => null;

    /// <summary>
    /// Decodes the first frame and passes all its rows, from top to bottom, to <paramref name="rows"/>. Colour profiles and gamma are not
    /// applied, alpha is not premultiplied, and the image is not turned.
    /// </summary>
    /// <param name="data">The bytes of the file. They are complete as far as the file's structure shows.</param>
    /// <param name="header">
    /// The format and the size from the file's header. The size is within the limits. If the decoder finds another size, it must throw
    /// <see cref="BlipErrorCode.ImageCorrupt"/>.
    /// </param>
    /// <param name="rows">Gets the rows.</param>
    /// <param name="cancellationToken">Stops decoding between strips of rows, if the decoder works in strips.</param>
    /// <exception cref="BlipException">
    /// <see cref="BlipErrorCode.ImageCorrupt"/> or <see cref="BlipErrorCode.UnsupportedImage"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken);
}
