namespace Blip.Images;

/// <summary>Takes a decoded image row by row, so that nobody needs to hold all of it.</summary>
public interface IPixelRows
{
    /// <summary>Takes the next rows.</summary>
    /// <param name="rgba">One or more whole rows: width x 4 bytes each, red, green, blue, alpha (not premultiplied), nothing between rows. Not kept.</param>
    void Write(ReadOnlySpan<byte> rgba);
}
