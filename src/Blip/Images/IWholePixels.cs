namespace Blip.Images;

/// <summary>Takes all rows at once from a decoder that has the whole image in memory, and then needs no memory for it.</summary>
internal unsafe interface IWholePixels : IPixelRows
{
    /// <summary>Gets all rows. No row was written before.</summary>
    /// <param name="rgba">uint8 [height, width, 4], as in <see cref="IPixelRows.Write"/>.</param>
    void WriteWhole(byte* rgba);
}
