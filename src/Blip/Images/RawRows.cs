namespace Blip.Images;

/// <summary>Passes on pixels that need no decoding: RGB [rows, width, 3] becomes rows of RGBA with alpha 255.</summary>
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
