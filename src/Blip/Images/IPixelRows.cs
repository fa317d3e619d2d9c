namespace Blip.Images;

/// <summary>Gets a decoded image row by row, so that the whole image is never in memory.</summary>
public interface IPixelRows
{
    /// <summary>Gets the next rows.</summary>
    /// <param name="rgba">
    /// One or more whole rows: uint8 [rows, width, 4] with red, green, blue and alpha (not premultiplied), without padding. The memory is
    /// valid only during the call.
    /// </param>
    /// <exception cref="ArgumentException">The bytes are not whole rows, or there are more rows than the image has.</exception>
    void Write(ReadOnlySpan<byte> rgba);
}
