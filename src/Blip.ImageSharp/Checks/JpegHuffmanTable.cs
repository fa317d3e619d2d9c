using Blip.Images;

namespace Blip.ImageSharp.Checks;

/// <summary>A Huffman table of a JPEG file (ITU T.81, annex C).</summary>
internal sealed class JpegHuffmanTable
{
    // For each start of eight bits: the length of the code and its symbol, or 0 if the code is longer.
    private readonly ushort[] _short = new ushort[256];
    private readonly byte[] _symbols;
    // For each length: one more than the last code, and the index of the first symbol less the first code.
    private readonly int[] _end = new int[17], _offset = new int[17];

    /// <param name="counts">How many codes have 1 to 16 bits.</param>
    /// <param name="symbols">The symbols, in the order of their codes.</param>
    /// <param name="maxSymbol">The largest symbol that is allowed.</param>
    public JpegHuffmanTable(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols, int maxSymbol)
    {
        _symbols = symbols.ToArray();
        int code = 0, index = 0;
        for (int length = 1; length <= 16; length++)
        {
            _offset[length] = index - code;
            for (int i = counts[length - 1]; i > 0; i--, code++, index++)
            {
                // Only ones is no code.
                if (code + 1 >= 1 << length || _symbols[index] > maxSymbol)
                    throw ImageErrors.Corrupt(ImageFormat.Jpeg, "a Huffman table is wrong");
                if (length <= 8)
                    _short.AsSpan(code << (8 - length), 1 << (8 - length)).Fill((ushort)((length << 8) | _symbols[index]));
            }
            _end[length] = code;
            code <<= 1;
        }
    }

    /// <summary>The symbol at the start of 16 bits, and the length of its code; 0 if there is no such code.</summary>
    public int Find(int bits, out int length)
    {
        int found = _short[bits >> 8];
        length = found >> 8;
        if (length > 0)
            return found & 0xFF;
        for (length = 9; length <= 16; length++)
        {
            int code = bits >> (16 - length);
            if (code < _end[length])
                return _symbols[code + _offset[length]];
        }
        length = 0;
        return 0;
    }
}
