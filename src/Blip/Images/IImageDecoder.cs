namespace Blip.Images;

/// <summary>
/// Turns encoded bytes into pixels, and does nothing else: formats are told apart, sizes limited, cut-off files refused, transparency
/// and orientation applied before and after it. Implementations are thread-safe.
/// </summary>
public interface IImageDecoder
{
    /// <summary>
    /// Decodes the first frame and hands its rows, all of them and from top to bottom, to <paramref name="rows"/>. Colour profiles and
    /// gamma are not applied, alpha is not premultiplied, the stored orientation is kept.
    /// </summary>
    /// <param name="data">The encoded bytes, complete as far as the container tells.</param>
    /// <param name="header">What the container says of the image; its size is within the limits. A decoder that finds another size refuses.</param>
    /// <param name="rows">Takes the rows.</param>
    /// <param name="cancellationToken">Looked at between strips of rows where the decoder can.</param>
    /// <exception cref="BlipException"><see cref="BlipErrorCode.ImageCorrupt"/> or <see cref="BlipErrorCode.UnsupportedImage"/>.</exception>
    void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken);
}
