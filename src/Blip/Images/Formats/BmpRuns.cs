namespace Blip.Images;

/// <summary>Expands the run lengths of a bitmap with 4 or 8 bits a pixel.</summary>
internal static class BmpRuns
{
    private const int EndOfRow = 0, EndOfImage = 1, Delta = 2;

    /// <param name="runs">The bytes from the first run on.</param>
    /// <param name="layout">The size, and the kind of runs.</param>
    /// <param name="pixels">Gets the indices, in the order of the stored rows. What the runs leave out stays as it is.</param>
    /// <exception cref="BlipException">The runs stop before the image ends, or leave it.</exception>
    public static void Expand(ReadOnlySpan<byte> runs, BmpLayout layout, Span<byte> pixels)
    {
        bool isSmall = layout.Compression == BmpLayout.Rle4;
        int x = 0, y = 0, at = 0;
        // After the last pixel nothing is needed, not even the mark of the end.
        while (y < layout.Height && !(y == layout.Height - 1 && x >= layout.Width))
        {
            ReadOnlySpan<byte> run = Take(runs, ref at, 2);
            if (run[0] > 0)
            {
                // Pillow cuts a run at the end of its row, too.
                int count = Math.Min(run[0], layout.Width - x);
                Span<byte> row = pixels.Slice((y * layout.Width) + x, count);
                for (int i = 0; i < count; i++)
                    row[i] = !isSmall ? run[1] : (byte)((i & 1) == 0 ? run[1] >> 4 : run[1] & 15);
                x += count;
            }
            else if (run[1] == EndOfRow)
                (x, y) = (0, y + 1);
            else if (run[1] == EndOfImage)
                return;
            else if (run[1] == Delta)
            {
                ReadOnlySpan<byte> delta = Take(runs, ref at, 2);
                (x, y) = (x + delta[0], y + delta[1]);
                if (x > layout.Width || y > layout.Height)
                    throw ImageErrors.Corrupt(ImageFormat.Bmp, "its pixels lie outside its size");
            }
            else
            {
                int count = run[1], length = isSmall ? (count + 1) / 2 : count;
                if (count > layout.Width - x)
                    throw ImageErrors.Corrupt(ImageFormat.Bmp, "its pixels lie outside its size");
                ReadOnlySpan<byte> stored = Take(runs, ref at, length);
                Span<byte> row = pixels.Slice((y * layout.Width) + x, count);
                for (int i = 0; i < count; i++)
                    row[i] = !isSmall ? stored[i] : (byte)((i & 1) == 0 ? stored[i / 2] >> 4 : stored[i / 2] & 15);
                x += count;
                // Runs begin at even places.
                at += length & 1;
            }
        }
    }

    private static ReadOnlySpan<byte> Take(ReadOnlySpan<byte> runs, ref int at, int count)
    {
        if (count > runs.Length - at)
            throw ImageErrors.Truncated(ImageFormat.Bmp);
        at += count;
        return runs.Slice(at - count, count);
    }
}
