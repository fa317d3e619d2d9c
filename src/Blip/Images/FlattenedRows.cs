using System.Runtime.InteropServices;

namespace Blip.Images;

/// <summary>
/// Removes transparency from rows and passes them on. It lays the rows over white, or gives fully transparent pixels a fixed colour.
/// </summary>
internal sealed unsafe class FlattenedRows : IPixelRows, IDisposable
{
    private readonly IPixelRows _next;
    private readonly uint? _matte;
    private readonly int _rowBytes;
    private readonly PixelBuffer _row;

    /// <param name="width">The number of pixels in a row.</param>
    /// <param name="matte">The colour for fully transparent pixels; null: rows are laid over white.</param>
    /// <param name="next">Gets the rows.</param>
    public FlattenedRows(int width, uint? matte, IPixelRows next)
    {
        (_next, _matte, _rowBytes) = (next, matte, width * 4);
        _row = new PixelBuffer(_rowBytes);
    }

    public void Write(ReadOnlySpan<byte> rgba)
    {
        for (; !rgba.IsEmpty; rgba = rgba[_rowBytes..])
        {
            ReadOnlySpan<byte> row = rgba[.._rowBytes];
            if (IsOpaque(row))
            {
                _next.Write(row);
                continue;
            }
            Span<byte> flat = new(_row.Pointer, _rowBytes);
            row.CopyTo(flat);
            if (_matte is { } colour)
                Fill(MemoryMarshal.Cast<byte, uint>(flat), colour);
            else
                LayOverWhite(flat);
            _next.Write(flat);
        }
    }

    public void Dispose() => _row.Dispose();

    private static bool IsOpaque(ReadOnlySpan<byte> row)
    {
        // All alphas are combined first, because a branch for each pixel would take more time than reading the whole row.
        uint all = uint.MaxValue;
        foreach (uint pixel in MemoryMarshal.Cast<byte, uint>(row))
            all &= pixel;
        return all >> 24 == 255;
    }

    private static void Fill(Span<uint> row, uint colour)
    {
        foreach (ref uint pixel in row)
            if (pixel >> 24 == 0)
                pixel = colour;
    }

    private static void LayOverWhite(Span<byte> row)
    {
        for (int i = 0; i < row.Length; i += 4)
        {
            int alpha = row[i + 3];
            row[i] = Over(row[i], alpha);
            row[i + 1] = Over(row[i + 1], alpha);
            row[i + 2] = Over(row[i + 2], alpha);
        }
    }

    // (colour x alpha + 255 x (255 - alpha)) / 255, rounded.
    private static byte Over(int colour, int alpha)
    {
        int sum = (colour * alpha) + (255 * (255 - alpha)) + 128;
        return (byte)((sum + (sum >> 8)) >> 8);
    }
}
