using System.Buffers.Binary;

namespace Blip.Tests.Images;

/// <summary>The start of a file with a container that looks whole: lengths, checksums and end markers as if nothing were missing.</summary>
internal static class MendedFile
{
    /// <summary>The first bytes of a file, mended.</summary>
    public static byte[] Of(byte[] whole, int length) => whole[0] switch
    {
        0x89 => Png(whole[..length]),
        0xFF => [.. whole[..length], 0xFF, 0xD9],
        (byte)'G' => Gif(whole, length),
        (byte)'R' => WebP(whole[..length]),
        _ => Bmp(whole[..length]),
    };

    /// <summary>The places of a progressive JPEG between two scans; none for other files.</summary>
    public static IEnumerable<int> ScanEnds(byte[] file)
    {
        if (file[0] != 0xFF)
            yield break;
        for (int at = 0; at + 1 < file.Length; at++)
        {
            if (file[at] != 0xFF || file[at + 1] != 0xDA)
                continue;
            at += 4;
            while (file[at] != 0xFF || file[at + 1] is 0 or (>= 0xD0 and <= 0xD7))
                at++;
            yield return at;
            at--;
        }
    }

    private static byte[] Png(byte[] start)
    {
        int at = 8;
        while (at + 8 <= start.Length)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(start.AsSpan(at));
            if (at + 12 + length > start.Length)
            {
                int there = Math.Min(length, start.Length - at - 8);
                string type = System.Text.Encoding.Latin1.GetString(start, at + 4, 4);
                byte[] chunk = ImageBuilder.PngChunk(type, start[(at + 8)..(at + 8 + there)]);
                return [.. start[..at], .. chunk, .. ImageBuilder.PngChunk("IEND", [])];
            }
            at += 12 + length;
        }
        return [.. start[..Math.Min(at, start.Length)], .. ImageBuilder.PngChunk("IEND", [])];
    }

    // The block that is cut gets the length that it has; then comes an empty one and the end.
    private static byte[] Gif(byte[] whole, int length)
    {
        byte[] start = whole[..length];
        int at = 13 + Palette(whole[10]);
        while (at < length && whole[at] is 0x21 or 0x2C)
        {
            at += whole[at] == 0x21 ? 2 : 11 + Palette(whole[at + 9]);
            while (at < length && whole[at] != 0)
            {
                if (at + 1 + whole[at] > length)
                    start[at] = (byte)(length - at - 1);
                at += 1 + whole[at];
            }
            at++;
        }
        return [.. start, 0, 0x3B];

        static int Palette(byte flags) => (flags & 0x80) != 0 ? 6 << (flags & 7) : 0;
    }

    private static byte[] WebP(byte[] start)
    {
        byte[] file = (start.Length & 1) == 0 ? start : [.. start, 0];
        if (file.Length >= 8)
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
        for (int at = 12; at + 8 <= file.Length;)
        {
            int there = Math.Max(0, start.Length - at - 8), length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 4));
            if (length > there)
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at + 4), there);
            at += 8 + length + (length & 1);
        }
        return file;
    }

    private static byte[] Bmp(byte[] start)
    {
        if (start.Length >= 6)
            BinaryPrimitives.WriteInt32LittleEndian(start.AsSpan(2), start.Length);
        return start;
    }
}
