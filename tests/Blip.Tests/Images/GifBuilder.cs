namespace Blip.Tests.Images;

/// <summary>Builds GIF files that common encoders do not write.</summary>
internal sealed record GifBuilder(int Width, int Height)
{
    public (int Left, int Top, int Width, int Height)? Frame { get; init; }

    public byte[] Palette { get; init; } = [];

    public byte[] OwnPalette { get; init; } = [];

    public int Transparent { get; init; } = -1;

    public bool IsInterlaced { get; init; }

    /// <summary>2 to 11: the bits of an index.</summary>
    public int CodeSize { get; init; } = 8;

    /// <summary>What stands before the frame.</summary>
    public byte[] Before { get; init; } = [];

    public byte[] After { get; init; } = [0x3B];

    /// <param name="indices">The frame's indices, from top to bottom.</param>
    public byte[] Of(int[] indices)
    {
        (int left, int top, int width, int height) = Frame ?? (0, 0, Width, Height);
        int[] stored = IsInterlaced
            ? [.. Passes(height).SelectMany(y => indices.Skip(y * width).Take(width))]
            : indices;
        byte[] control = Transparent < 0 ? [] : [0x21, 0xF9, 4, 1, 0, 0, (byte)Transparent, 0];
        return
        [
            .. "GIF89a"u8, .. U16(Width), .. U16(Height), Flags(Palette), 0, 0, .. Palette, .. control, .. Before,
            0x2C, .. U16(left), .. U16(top), .. U16(width), .. U16(height), (byte)(Flags(OwnPalette) | (IsInterlaced ? 0x40 : 0)),
            .. OwnPalette, (byte)CodeSize, .. Blocks(Codes(stored, CodeSize)), 0, .. After,
        ];
    }

    /// <summary>Colours that differ from one another: 2, 4, 8 and so on, up to 256.</summary>
    public static byte[] Colours(int count)
        => [.. Enumerable.Range(0, count).SelectMany(i => (byte[])[(byte)(i * 37), (byte)(i * 101 + 5), (byte)(255 - i)])];

    private static IEnumerable<int> Passes(int height)
    {
        foreach ((int first, int step) in ((int, int)[])[(0, 8), (4, 8), (2, 4), (1, 2)])
            for (int y = first; y < height; y += step)
                yield return y;
    }

    private static List<byte> Codes(int[] indices, int minimum)
    {
        List<byte> bytes = [];
        Dictionary<(int, int), int> known = [];
        int clear = 1 << minimum, size = minimum + 1, next = clear + 2, bits = 0, count = 0, current = indices[0];
        Put(clear);
        foreach (int index in indices.Skip(1))
        {
            if (known.TryGetValue((current, index), out int code))
            {
                current = code;
                continue;
            }
            Put(current);
            if (next < 4096)
            {
                known[(current, index)] = next;
                if (next++ == 1 << size)
                    size++;
            }
            else
            {
                Put(clear);
                known.Clear();
                (size, next) = (minimum + 1, clear + 2);
            }
            current = index;
        }
        Put(current);
        if (next == 1 << size && size < 12)
            size++;
        Put(clear + 1);
        if (count > 0)
            bytes.Add((byte)bits);
        return bytes;

        void Put(int code)
        {
            bits |= code << count;
            for (count += size; count >= 8; count -= 8, bits >>= 8)
                bytes.Add((byte)bits);
        }
    }

    private static IEnumerable<byte> Blocks(List<byte> codes)
        => codes.Chunk(255).SelectMany(block => (byte[])[(byte)block.Length, .. block]);

    private static byte Flags(byte[] palette)
        => palette.Length == 0 ? (byte)0 : (byte)(0x80 | (int.Log2(palette.Length / 3) - 1));

    private static byte[] U16(int value) => [(byte)value, (byte)(value >> 8)];
}
