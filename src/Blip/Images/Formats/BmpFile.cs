using System.Buffers.Binary;

namespace Blip.Images;

/// <summary>Reads the header of a Windows or OS/2 bitmap.</summary>
internal static class BmpFile
{
    /// <summary>The file's header: after it comes the second header, which begins with its length.</summary>
    public const int FileHeader = 14;

    private const int Core = 12, Os2 = 64, Info = 40, InfoWithMasks = 52, InfoWithAlpha = 56, V4 = 108, V5 = 124;

    private const int Huffman = 3, Jpeg = 4, Rle24 = 4, Png = 5, Cmyk = 11, CmykRle4 = 13;

    // Many texts begin with the two letters, so the size of the second header must be a known one, too.
    public static bool Matches(ReadOnlySpan<byte> data)
        => data.StartsWith("BM"u8) && (data.Length < 18 ? data.Contains((byte)0) : I32(data, FileHeader) is Core or (>= 16 and <= V5));

    public static ImageHeader ReadHeader(ReadOnlySpan<byte> data)
    {
        BmpLayout layout = Read(data);
        return new ImageHeader(ImageFormat.Bmp, layout.Width, layout.Height);
    }

    /// <summary>Checks that all rows are there. Rows with run-length coding are checked when they are decoded.</summary>
    public static void CheckComplete(ReadOnlySpan<byte> data)
    {
        BmpLayout layout = Read(data);
        if (!layout.IsRunLength && layout.End > data.Length)
            throw ImageErrors.Truncated(ImageFormat.Bmp);
    }

    public static BmpLayout Read(ReadOnlySpan<byte> data)
    {
        if (data.Length < 26)
            throw ImageErrors.Truncated(ImageFormat.Bmp);
        int header = I32(data, FileHeader);
        if (header is not (Core or (>= 16 and <= Os2) or V4 or V5))
            throw ImageErrors.Corrupt(ImageFormat.Bmp, FormattableString.Invariant($"its header has {header} bytes, which no BMP has"));
        if (data.Length < FileHeader + header)
            throw ImageErrors.Truncated(ImageFormat.Bmp);
        uint offset = BinaryPrimitives.ReadUInt32LittleEndian(data[10..]);
        if (header == Core)
        {
            int depth = U16(data, 24);
            CheckBits(depth);
            return new BmpLayout(U16(data, 18), U16(data, 20), depth) { Palette = FileHeader + Core, Entry = 3 }.At(offset, 0);
        }

        int width = I32(data, 18), height = I32(data, 22), bits = U16(data, 28);
        if (width < 0 || height == int.MinValue)
            throw ImageErrors.Corrupt(ImageFormat.Bmp, "its size is out of range");
        // OS/2's second header may end after any of its numbers. What is missing is 0.
        int compression = header >= 20 ? I32(data, 30) : 0;
        uint colours = header >= 36 ? (uint)I32(data, 46) : 0;
        bool isOs2 = header <= Os2 && header is not (Info or InfoWithMasks or InfoWithAlpha);
        CheckKind(compression, bits);
        CheckBits(bits);

        bool hasFields = compression is BmpLayout.BitFields or BmpLayout.AlphaBitFields;
        if (hasFields && (isOs2 || (header == InfoWithMasks && compression == BmpLayout.AlphaBitFields)))
            throw ImageErrors.Unsupported("A BMP with bit fields in a rare header");
        bool isRight = compression switch
        {
            0 => true,
            BmpLayout.Rle8 => bits == 8,
            BmpLayout.Rle4 => bits == 4,
            BmpLayout.BitFields or BmpLayout.AlphaBitFields => bits is 16 or 24 or 32,
            _ => false,
        };
        if (!isRight)
        {
            throw ImageErrors.Corrupt(ImageFormat.Bmp,
                FormattableString.Invariant($"it states compression {compression} with {bits} bits a pixel, which no BMP has"));
        }
        // The masks stand where the newer headers have them.
        int masks = !hasFields ? 0 : header >= InfoWithAlpha || compression == BmpLayout.AlphaBitFields ? 4 : 3;
        int end = FileHeader + (masks > 0 ? Math.Max(header, Info + (4 * masks)) : header);
        if (data.Length < end)
            throw ImageErrors.Truncated(ImageFormat.Bmp);
        BmpLayout layout = new(width, Math.Abs(height), bits)
        {
            IsTopDown = height < 0,
            Compression = compression,
            Palette = end,
            Entry = 4,
        };
        if (masks > 0)
            layout = layout with { Red = Mask(data, 0), Green = Mask(data, 1), Blue = Mask(data, 2) };
        if (masks > 3)
            layout = layout with { Alpha = Mask(data, 3) };
        // Pillow takes four masks of 0 for the usual ones.
        if (bits == 32 && (layout.Red | layout.Green | layout.Blue | layout.Alpha) == 0)
            layout = layout with { Red = 0xFF0000, Green = 0xFF00, Blue = 0xFF, Alpha = 0xFF000000 };
        return layout.At(offset, colours);
    }

    // OS/2 counts two kinds with the numbers that stand for others in Windows. Their bits tell them apart.
    private static void CheckKind(int compression, int bits)
    {
        string? unsupported = (compression, bits) switch
        {
            (Huffman, 1) => "A BMP with Huffman coding (OS/2)",
            (Rle24, 24) => "A BMP with RLE24 coding (OS/2)",
            (Jpeg, _) => "A BMP that wraps a JPEG",
            (Png, _) => "A BMP that wraps a PNG",
            ( >= Cmyk and <= CmykRle4, _) => "A BMP with CMYK colours",
            (_, 64) => "A BMP with 64 bits a pixel",
            _ => null,
        };
        if (unsupported is not null)
            throw ImageErrors.Unsupported(unsupported);
    }

    private static void CheckBits(int bits)
    {
        if (bits is not (1 or 2 or 4 or 8 or 16 or 24 or 32))
            throw ImageErrors.Corrupt(ImageFormat.Bmp, FormattableString.Invariant($"it states {bits} bits a pixel, which no BMP has"));
    }

    private static uint Mask(ReadOnlySpan<byte> data, int channel) => (uint)I32(data, FileHeader + Info + (4 * channel));

    private static int U16(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadUInt16LittleEndian(data[at..]);

    private static int I32(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadInt32LittleEndian(data[at..]);
}
