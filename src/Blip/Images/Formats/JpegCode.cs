using System.Runtime.InteropServices;

namespace Blip.Images;

/// <summary>A Huffman table of a JPEG (ITU T.81, annex C).</summary>
internal sealed class JpegCode
{
    /// <summary>The bits that <see cref="Skips"/> looks at.</summary>
    public const int ShortBits = 10;

    /// <summary>The coefficients that the end of a block counts for in <see cref="Skips"/>: more than any block has.</summary>
    public const int EndOfBlock = 128;

    // For codes of up to ten bits: length and symbol. 0 where the code is longer or none.
    private readonly ushort[] _short = new ushort[1 << ShortBits];
    private ushort[]? _skips;
    private readonly int[] _end = new int[17];
    private readonly int[] _first = new int[17];
    private readonly byte[] _symbols;

    /// <param name="counts">The number of codes of each length, 1 to 16.</param>
    /// <param name="symbols">The symbols in the order of their codes.</param>
    public JpegCode(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols)
    {
        _symbols = symbols.ToArray();
        int code = 0, symbol = 0;
        for (int length = 1; length <= 16; length++, code <<= 1)
        {
            if (code + counts[length - 1] > 1 << length)
                throw ImageErrors.Corrupt(ImageFormat.Jpeg, "a Huffman table has too many codes");
            _first[length] = symbol - code;
            for (int i = 0; i < counts[length - 1]; i++, code++, symbol++)
                if (length <= ShortBits)
                    _short.AsSpan(code << (ShortBits - length), 1 << (ShortBits - length)).Fill((ushort)((length << 8) | symbols[symbol]));
            _end[length] = code;
        }
    }

    /// <summary>
    /// For each start of ten bits: the bits of the codes that lie in it, with the values that follow them, and in the high byte the
    /// coefficients that they stand for. 0 where the first code is longer or none.
    /// </summary>
    public ref ushort Skips => ref MemoryMarshal.GetArrayDataReference(_skips ??= FindSkips());

    /// <summary>The table of a file that has none: those of annex K.3, as in frames of Motion JPEG.</summary>
    public static JpegCode? Typical(int id) => id switch
    {
        0x00 => Parse("00010501010101010100000000000000", "000102030405060708090A0B"),
        0x01 => Parse("00030101010101010101010000000000", "000102030405060708090A0B"),
        0x10 => Parse("0002010303020403050504040000017D",
            "0102030004110512213141061351610722711432" + "8191A1082342B1C11552D1F02433627282090A161718191A25262728292A3435"
            + "363738393A434445464748494A535455565758595A636465666768696A737475767778797A838485868788898A92939495969798999A"
            + "A2A3A4A5A6A7A8A9AAB2B3B4B5B6B7B8B9BAC2C3C4C5C6C7C8C9CAD2D3D4D5D6D7D8D9DAE1E2E3E4E5E6E7E8E9EAF1F2F3F4F5F6F7F8F9FA"),
        0x11 => Parse("00020102040403040705040400010277",
            "0001020311040521310612415107617113223281" + "08144291A1B1C109233352F0156272D10A162434E125F11718191A262728292A"
            + "35363738393A434445464748494A535455565758595A636465666768696A737475767778797A82838485868788898A92939495969798999A"
            + "A2A3A4A5A6A7A8A9AAB2B3B4B5B6B7B8B9BAC2C3C4C5C6C7C8C9CAD2D3D4D5D6D7D8D9DAE2E3E4E5E6E7E8E9EAF2F3F4F5F6F7F8F9FA"),
        _ => null,
    };

    /// <summary>Takes a code. Returns its symbol.</summary>
    public int Take(ref JpegBits bits)
    {
        uint next = bits.Next16();
        int entry = _short[next >> (16 - ShortBits)];
        if (entry == 0)
            entry = FindLong(next);
        bits.Skip(entry >> 8);
        return entry & 0xFF;
    }

    /// <summary>The bits of a first coefficient: of its code and its value.</summary>
    /// <param name="next">The next 16 bits.</param>
    public int FirstSkip(uint next)
    {
        int entry = _short[next >> (16 - ShortBits)];
        if (entry == 0)
            entry = FindLong(next);
        return (entry >> 8) + (entry & 15);
    }

    /// <summary>Whether so many coefficients are not more than a block has. The end of the block may be among them.</summary>
    public static bool IsInBlock(int coefficients) => coefficients <= 64 || coefficients is > EndOfBlock and < EndOfBlock + 64;

    /// <summary>As <see cref="Skips"/>, for one code of any length.</summary>
    /// <param name="next">The next 16 bits.</param>
    public int Skip(uint next)
    {
        int entry = _short[next >> (16 - ShortBits)];
        if (entry == 0)
            entry = FindLong(next);
        return SkipOf(entry >> 8, entry & 0xFF);
    }

    private ushort[] FindSkips()
    {
        ushort[] skips = new ushort[1 << ShortBits];
        for (int start = 0; start < skips.Length; start++)
        {
            int skip = 0, bits = 0;
            while (bits < ShortBits && skip >> 8 < 64)
            {
                int entry = _short[(start << bits) & (skips.Length - 1)];
                // What lies behind the start is not known.
                if (entry == 0 || bits + (entry >> 8) > ShortBits)
                    break;
                skip += SkipOf(entry >> 8, entry & 0xFF);
                bits = skip & 0x3F;
            }
            skips[start] = (ushort)skip;
        }
        return skips;
    }

    private int FindLong(uint next)
    {
        for (int length = ShortBits + 1; length <= 16; length++)
        {
            int code = (int)(next >> (16 - length));
            if (code < _end[length])
                return (length << 8) | _symbols[code + _first[length]];
        }
        // The bits that a file lacks may look like this, too.
        throw ImageErrors.Corrupt(ImageFormat.Jpeg, "its coded data is broken or ends early");
    }

    // A run of zeros and the coefficient after it. Without a value: sixteen zeros, or the end of the block.
    private static int SkipOf(int length, int symbol)
    {
        int size = symbol & 15, coefficients = size != 0 || symbol == 0xF0 ? (symbol >> 4) + 1 : EndOfBlock;
        return (coefficients << 8) | (length + size);
    }

    private static JpegCode Parse(string counts, string symbols) => new(Convert.FromHexString(counts), Convert.FromHexString(symbols));
}
