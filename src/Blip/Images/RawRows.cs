namespace Blip.Images;

/// <summary>Hands on pixels that were never encoded.</summary>
internal static unsafe class RawRows
{
    public static void Write(ReadOnlySpan<byte> rgb, int width, IPixelRows rows)
    {
        using PixelBuffer buffer = new(width * 4L);
        Span<byte> row = new(buffer.Pointer, width * 4);
        row.Fill(255);
        for (; !rgb.IsEmpty; rgb = rgb[(width * 3)..])
        {
            for (int x = 0; x < width; x++)
                rgb.Slice(x * 3, 3).CopyTo(row[(x * 4)..]);
            rows.Write(row);
        }
    }
}
