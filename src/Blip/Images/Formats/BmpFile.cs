using System.Buffers.Binary;

namespace Blip.Images;

/// <summary>Reads the header of a Windows or OS/2 bitmap.</summary>
internal static class BmpFile
{
    private const int Uncompressed = 0, BitFields = 3, Huffman = 3, Jpeg = 4, Rle24 = 4, Png = 5, AlphaBitFields = 6;

    // Many texts begin with the two letters, so the size of the second header must be a known one, too.
    public static bool Matches(ReadOnlySpan<byte> data)
        => data.StartsWith("BM"u8) && (data.Length < 18 ? data.Contains((byte)0) : I32(data, 14) is 12 or (>= 16 and <= 124));

    public static ImageHeader ReadHeader(ReadOnlySpan<byte> data)
    {
        Layout layout = Read(data);
        return new ImageHeader(ImageFormat.Bmp, layout.Width, layout.Height);
    }

    /// <summary>Checks that all rows are there. Rows with run-length coding are checked by the decoder.</summary>
    public static void CheckComplete(ReadOnlySpan<byte> data)
    {
        Layout layout = Read(data);
        if (layout.Compression is not (Uncompressed or BitFields or AlphaBitFields))
            return;
        long row = (((long)layout.Width * layout.Bits) + 31) / 32 * 4;
        if (layout.Offset + (row * layout.Height) > data.Length)
            throw ImageErrors.Truncated(ImageFormat.Bmp);
    }

    private static Layout Read(ReadOnlySpan<byte> data)
    {
        if (data.Length < 26)
            throw ImageErrors.Truncated(ImageFormat.Bmp);
        uint offset = BinaryPrimitives.ReadUInt32LittleEndian(data[10..]);
        int headerSize = I32(data, 14);
        if (headerSize == 12)
            return new Layout(U16(data, 18), U16(data, 20), U16(data, 24), Uncompressed, offset);
        if (data.Length < 14 + headerSize)
            throw ImageErrors.Truncated(ImageFormat.Bmp);
        int width = I32(data, 18), height = I32(data, 22);
        if (width < 0 || height == int.MinValue)
            throw ImageErrors.Corrupt(ImageFormat.Bmp, "its size is out of range");
        int compression = headerSize >= 20 ? I32(data, 30) : Uncompressed, bits = U16(data, 28);
        // In OS/2's second header two numbers mean something else.
        bool isOs2 = headerSize is <= 64 and not (40 or 52 or 56);
        string? unsupported = (compression, bits, isOs2) switch
        {
            (Huffman, 1, true) => "A BMP with Huffman coding (OS/2)",
            (Rle24, 24, true) => "A BMP with RLE24 coding (OS/2)",
            (Jpeg, _, _) => "A BMP that wraps a JPEG",
            (Png, _, _) => "A BMP that wraps a PNG",
            (_, 64, _) => "A BMP with 64 bits a pixel",
            _ => null,
        };
        if (unsupported is not null)
            throw ImageErrors.Unsupported(unsupported);
        if (bits is not (1 or 2 or 4 or 8 or 16 or 24 or 32))
            throw ImageErrors.Corrupt(ImageFormat.Bmp, FormattableString.Invariant($"it states {bits} bits a pixel, which no BMP has"));
        return new Layout(width, Math.Abs(height), bits, compression, offset);
    }

    private static int U16(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadUInt16LittleEndian(data[at..]);

    private static int I32(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadInt32LittleEndian(data[at..]);

    private readonly record struct Layout(int Width, int Height, int Bits, int Compression, uint Offset);
}
