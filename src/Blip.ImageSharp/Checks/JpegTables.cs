using Blip.Images;

namespace Blip.ImageSharp.Checks;

/// <summary>The tables of a JPEG file. Those that a frame or a scan uses are written before it, and no others.</summary>
/// <param name="plain">The file that ImageSharp gets.</param>
internal sealed class JpegTables(MemoryStream plain)
{
    private const byte Dht = 0xC4, Dqt = 0xDB;

    // As they stand in the file: a byte with class and place, then their content.
    private readonly byte[]?[] _huffmans = new byte[]?[8], _quantizations = new byte[]?[4];

    public void ReadQuantizations(ReadOnlySpan<byte> segment)
    {
        while (!segment.IsEmpty)
        {
            (int length, int place) = ((segment[0] >> 4) switch { 0 => 65, 1 => 129, _ => int.MaxValue }, segment[0] & 15);
            if (length > segment.Length || place > 3)
                throw ImageErrors.Corrupt(ImageFormat.Jpeg, "a quantization table is wrong");
            _quantizations[place] = segment[..length].ToArray();
            segment = segment[length..];
        }
    }

    public void ReadHuffmans(ReadOnlySpan<byte> segment)
    {
        while (!segment.IsEmpty)
        {
            int length = 17;
            for (int i = 1; i < 17 && i < segment.Length; i++)
                length += segment[i];
            if (length > Math.Min(segment.Length, 17 + 256) || segment[0] is not (<= 3 or (>= 0x10 and <= 0x13)))
                throw ImageErrors.Corrupt(ImageFormat.Jpeg, "a Huffman table is wrong");
            _huffmans[(segment[0] >> 2) | (segment[0] & 3)] = segment[..length].ToArray();
            segment = segment[length..];
        }
    }

    public void WriteQuantization(int place)
        => WriteSegment(Dqt, _quantizations[place] ?? throw ImageErrors.Corrupt(ImageFormat.Jpeg, "a quantization table is missing"));

    /// <summary>Writes a Huffman table where a scan needs it.</summary>
    /// <param name="place">0 to 3 for the first coefficients, 4 to 7 for the others.</param>
    public void WriteHuffman(int place)
    {
        if (_huffmans[place] is not { } table)
            throw Refusal.Of("A JPEG without its own Huffman tables (a frame of Motion JPEG)");
        int codes = 0;
        for (int length = 1; length <= 16; length++)
            codes += table[length] << (16 - length);
        // Only ones is no code. A first coefficient has at most 15 bits.
        if (codes >= 1 << 16 || (place < 4 && table.AsSpan(17).ContainsAnyExceptInRange((byte)0, (byte)15)))
            throw ImageErrors.Corrupt(ImageFormat.Jpeg, "a Huffman table is wrong");
        WriteSegment(Dht, table);
    }

    public void WriteSegment(byte marker, ReadOnlySpan<byte> content)
    {
        plain.Write([0xFF, marker, (byte)((content.Length + 2) >> 8), (byte)(content.Length + 2)]);
        plain.Write(content);
    }
}
