namespace Blip.ImageSharp.Checks;

/// <summary>Counts the pixels that the codes of a GIF frame stand for, without the pixels.</summary>
internal static class LzwCounter
{
    private const int MaxCodes = 4096;

    /// <summary>Whether the codes are right, and enough for all pixels.</summary>
    /// <param name="blocks">The blocks of the frame, each with its length before it; the last is empty.</param>
    /// <param name="minimum">The code size that the file states, 2 to 11.</param>
    /// <param name="pixels">The frame's pixels.</param>
    public static bool Fills(ReadOnlySpan<byte> blocks, int minimum, long pixels)
    {
        int clear = 1 << minimum, end = clear + 1;
        // The pixels of each code.
        Span<ushort> lengths = stackalloc ushort[MaxCodes];
        lengths[..clear].Fill(1);
        int size = minimum + 1, next = end + 1, previous = -1;
        uint bits = 0;
        int count = 0, at = 0, left = 0;
        while (pixels > 0)
        {
            while (count < size)
            {
                if (left == 0)
                {
                    if (at >= blocks.Length || (left = blocks[at++]) == 0)
                        return false;
                }
                bits |= (uint)blocks[at++] << count;
                count += 8;
                left--;
            }
            int code = (int)(bits & ((1u << size) - 1));
            bits >>= size;
            count -= size;

            if (code == clear)
                (size, next, previous) = (minimum + 1, end + 1, -1);
            else if (code == end || code > next || (previous < 0 && code > clear))
                return false;
            else
            {
                if (previous >= 0 && next < MaxCodes)
                {
                    lengths[next] = (ushort)(lengths[previous] + 1);
                    next++;
                    if (next == 1 << size && size < 12)
                        size++;
                }
                pixels -= lengths[code];
                previous = code;
            }
        }
        return true;
    }
}
