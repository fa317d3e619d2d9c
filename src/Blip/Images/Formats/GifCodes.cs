namespace Blip.Images;

/// <summary>Expands the LZW codes of a GIF frame.</summary>
internal static class GifCodes
{
    private const int MaxCodes = 4096, MaxBits = 12;

    /// <summary>Whether the codes are right, and enough for all pixels. What comes after them is ignored.</summary>
    /// <param name="blocks">The blocks of the frame, each with its length before it.</param>
    /// <param name="minimum">The code size that the file states, 2 to 11.</param>
    /// <param name="pixels">Gets the frame's indices. Of an index above 255 the lower eight bits count, as in Pillow.</param>
    public static bool Expand(ReadOnlySpan<byte> blocks, int minimum, Span<byte> pixels)
    {
        // What a code stands for is known by a place where it was written before: one index more than the code before it gave.
        Span<int> starts = stackalloc int[MaxCodes];
        Span<ushort> lengths = stackalloc ushort[MaxCodes];
        int clear = 1 << minimum, size = minimum + 1, next = clear + 2;
        int filled = 0, previous = 0, bits = 0, count = 0, at = 0, left = 0;
        while (filled < pixels.Length)
        {
            for (; count < size; count += 8, left--)
            {
                if (left == 0 && (at >= blocks.Length || (left = blocks[at++]) == 0))
                    return false;
                if (at >= blocks.Length)
                    return false;
                bits |= blocks[at++] << count;
            }
            int code = bits & ((1 << size) - 1);
            bits >>= size;
            count -= size;

            if (code == clear)
            {
                (size, next, previous) = (minimum + 1, clear + 2, 0);
                continue;
            }
            if (previous > 0 && next < MaxCodes)
            {
                (starts[next], lengths[next]) = (filled - previous, (ushort)(previous + 1));
                next++;
                if (next == 1 << size && size < MaxBits)
                    size++;
            }
            if (code < clear)
            {
                pixels[filled++] = (byte)code;
                previous = 1;
                continue;
            }
            // Code clear + 1 is the end.
            if (code == clear + 1 || code >= next || previous == 0)
                return false;
            previous = Math.Min(lengths[code], pixels.Length - filled);
            // The newest code ends with the first index that it writes itself, so the indices are copied one after the other.
            for (int from = starts[code], end = filled + previous; filled < end;)
                pixels[filled++] = pixels[from++];
        }
        return true;
    }
}
