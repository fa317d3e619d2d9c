using System.Buffers.Binary;
using Blip.Images;
using Xunit;

namespace Blip.Tests.Images;

/// <summary>Bitmaps of 2 x 2: red, green over blue, white.</summary>
public class BmpFileTests
{
    private static readonly byte[] Expected = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];

    // Blue, green, red; the rows from bottom to top, except in TopDown.
    private static readonly byte[] Rows24 = [255, 0, 0, 255, 255, 255, 0, 0, 0, 0, 255, 0, 255, 0, 0, 0];
    private static readonly byte[] Rows32 = [255, 0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 0, 0, 255, 0, 0];
    private static readonly byte[] Rows565 = [0x1F, 0, 0xFF, 0xFF, 0, 0xF8, 0xE0, 0x07];
    private static readonly byte[] Rows555 = [0x1F, 0, 0xFF, 0x7F, 0, 0x7C, 0xE0, 0x03];
    private static readonly byte[] TopDown = [0, 0, 255, 0, 255, 0, 0, 0, 255, 0, 0, 255, 255, 255, 0, 0];
    private static readonly byte[] Palette = [0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0];

    private static readonly byte[] Palette3 = [0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 255];
    private static readonly byte[] TwoBits =
        ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, 2, 2, 0), Palette, [0xB0, 0, 0, 0, 0x10, 0, 0, 0]);

    public static TheoryData<string, byte[]> Files => new()
    {
        { "24 bits", ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, 2, 24, 0), [], Rows24) },
        { "top down", ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, -2, 24, 0), [], TopDown) },
        { "32 bits", ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, 2, 32, 0), [], Rows32) },
        { "16 bits", ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, 2, 16, 0), [], Rows555) },
        { "bit fields", ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, 2, 16, 3), [0, 0xF8, 0, 0, 0xE0, 0x07, 0, 0, 0x1F, 0, 0, 0], Rows565) },
        { "version 4, alpha", ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, 2, 32, 3, 0xFF0000, 0xFF00, 0xFF, 0xFF000000), [], Rows32) },
        { "8 bits", ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, 2, 8, 0), Full(Palette), [2, 3, 0, 0, 0, 1, 0, 0]) },
        { "4 bits", ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, 2, 4, 0), [.. Palette, .. new byte[48]], [0x23, 0, 0, 0, 0x01, 0, 0, 0]) },
        { "run lengths", ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, 2, 8, 1), Full(Palette), [1, 2, 1, 3, 0, 0, 1, 0, 1, 1, 0, 1]) },
        {
            "run lengths of 4 bits",
            ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, 2, 4, 2), [.. Palette, .. new byte[48]], [2, 0x23, 0, 0, 2, 0x01, 0, 1])
        },
        { "OS/2", ImageBuilder.Bmp([12, 0, 0, 0, 2, 0, 2, 0, 1, 0, 24, 0], [], Rows24) },
        { "OS/2, four colours of 256", ImageBuilder.Bmp([12, 0, 0, 0, 2, 0, 2, 0, 1, 0, 8, 0], Palette3, [2, 3, 0, 0, 0, 1, 0, 0]) },
        { "OS/2, version 2, 16 bytes", ImageBuilder.Bmp(Header(16, 8), Full(Palette), [2, 3, 0, 0, 0, 1, 0, 0]) },
        { "OS/2, version 2, 38 bytes", ImageBuilder.Bmp(Header(38, 8), Full(Palette), [2, 3, 0, 0, 0, 1, 0, 0]) },
        { "OS/2, version 2, 64 bytes", ImageBuilder.Bmp(Header(64, 24), [], Rows24) },
        { "2 bits", TwoBits },
        { "a gap before the rows", ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, 2, 24, 0), [1, 2, 3, 4, 5], Rows24) },
        { "rows without a place", WithOffset(TwoBits, 0) },
        { "a place that leaves the palette out", WithOffset(TwoBits, 54) },
        {
            "more colours than indices",
            ImageBuilder.Bmp(Header(40, 2, colours: 6), [.. Palette, .. new byte[8]], [0xB0, 0, 0, 0, 0x10, 0, 0, 0])
        },
        { "version 2, bit fields", ImageBuilder.Bmp(Header(52, 16, 3, masks: [0xF800, 0x7E0, 0x1F]), [], Rows565) },
        { "version 3, alpha", ImageBuilder.Bmp(Header(56, 32, 3, masks: [0xFF0000, 0xFF00, 0xFF, 0xFF000000]), [], Rows32) },
        {
            "alpha bit fields",
            ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, 2, 32, 6), [0, 0, 0xFF, 0, 0, 0xFF, 0, 0, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF], Rows32)
        },
        {
            "bit fields of 24 bits",
            ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, 2, 24, 3), [0, 0, 0xFF, 0, 0, 0xFF, 0, 0, 0xFF, 0, 0, 0], Rows24)
        },
        {
            "bit fields of 1, 11 and 20 bits",
            ImageBuilder.Bmp(
                ImageBuilder.BmpHeader(2, 2, 32, 3), [0, 0, 0, 0x80, 0, 0, 0xF0, 0x7F, 0xFF, 0xFF, 0x0F, 0],
                [0xFF, 0xFF, 0x0F, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0x80, 0, 0, 0xF0, 0x7F])
        },
        {
            "run lengths, top down",
            ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, -2, 8, 1), Full(Palette), [1, 0, 1, 1, 0, 0, 1, 2, 1, 3, 0, 1])
        },
        {
            "run lengths beyond the row",
            ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, 2, 8, 1), Full(Palette), [1, 2, 9, 3, 0, 0, 1, 0, 1, 1])
        },
        // A jump leaves out the pixel at the upper left. It has the first colour.
        {
            "run lengths that leave out",
            ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, 2, 8, 1), Full(Palette), [1, 2, 1, 3, 0, 0, 0, 2, 1, 0, 1, 1, 0, 1])
        },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void Decode_EveryKind_HasTheColours(string kind, byte[] file)
    {
        Assert.Equal(Expected, RgbCollector.Decode(file));

        // The fourth byte is alpha only if the header has a mask for it. It is 0 here, so the image is transparent.
        byte[] overWhite = kind.Contains("alpha", StringComparison.Ordinal) ? [.. Enumerable.Repeat((byte)255, 12)] : Expected;
        Assert.Equal(overWhite, RgbCollector.Decode(file, AlphaMode.White));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Process_Cut_IsRefused(string kind, byte[] file)
    {
        // What fills the last row up to four bytes may be missing.
        int missing = kind.StartsWith("run", StringComparison.Ordinal) ? 8 : 4;
        BlipImage cut = BlipImage.FromBytes(file.AsMemory(0, file.Length - missing));
        BlipException refused = Assert.Throws<BlipException>(
            () => new ImagePreprocessor(2, 2).Process(cut, TestContext.Current.CancellationToken));
        Assert.Equal(BlipErrorCode.ImageCorrupt, refused.Code);
    }

    [Theory]
    [InlineData(4, "JPEG")]
    [InlineData(5, "PNG")]
    public void Read_Wrapped_IsRefusedByName(int compression, string name)
    {
        byte[] file = ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, 2, 0, compression), [], new byte[100]);
        BlipException refused = Assert.Throws<BlipException>(() => ImageHeader.Read(file));
        Assert.Equal(BlipErrorCode.UnsupportedImage, refused.Code);
        Assert.Contains(name, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_OneBit_HasBothColours()
    {
        byte[] file = ImageBuilder.Bmp(ImageBuilder.BmpHeader(9, 1, 1, 0), Palette[..8], [0x81, 0x80, 0, 0]);
        byte[] red = [255, 0, 0], green = [0, 255, 0];
        Assert.Equal([.. green, .. red, .. red, .. red, .. red, .. red, .. red, .. green, .. green], RgbCollector.Decode(file));
    }

    [Fact]
    public void Decode_RunsThatEndEarly_LeaveTheFirstColour()
    {
        byte[] file = ImageBuilder.Bmp(ImageBuilder.BmpHeader(2, 2, 8, 1), Full(Palette), [1, 2, 0, 1]);
        Assert.Equal((byte[])[255, 0, 0, 255, 0, 0, 0, 0, 255, 255, 0, 0], RgbCollector.Decode(file));
    }

    [Fact]
    public void Decode_StoredRuns_ArePadded()
    {
        byte[] runs = [0, 3, 1, 2, 3, 0, 0, 0, 0, 4, 3, 2, 1, 0, 0, 1], small = [0, 3, 0x12, 0x30, 0, 0, 0, 4, 0x32, 0x10, 0, 1];
        byte[] file = ImageBuilder.Bmp(ImageBuilder.BmpHeader(4, 2, 8, 1), Full(Palette), runs);
        byte[] red = [255, 0, 0], green = [0, 255, 0], blue = [0, 0, 255], white = [255, 255, 255];
        byte[] expected = [.. white, .. blue, .. green, .. red, .. green, .. blue, .. white, .. red];
        Assert.Equal(expected, RgbCollector.Decode(file));
        file = ImageBuilder.Bmp(ImageBuilder.BmpHeader(4, 2, 4, 2), [.. Palette, .. new byte[48]], small);
        Assert.Equal(expected, RgbCollector.Decode(file));
    }

    [Fact]
    public void Decode_IndexWithoutColour_IsBlack()
    {
        byte[] file = ImageBuilder.Bmp(Header(40, 8, colours: 2), Palette[..8], [0, 1, 0, 0, 2, 200, 0, 0]);
        Assert.Equal((byte[])[0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 255, 0], RgbCollector.Decode(file));
    }

    public static TheoryData<byte[], string, string> Refusals => new()
    {
        { ImageBuilder.Bmp(Header(66, 24), [], Rows24), BlipErrorCode.ImageCorrupt, "66 bytes" },
        { ImageBuilder.Bmp(Header(40, 4, 1), Full(Palette), Rows24), BlipErrorCode.ImageCorrupt, "compression 1 with 4 bits" },
        { ImageBuilder.Bmp(Header(40, 8, 3), Full(Palette), Rows24), BlipErrorCode.ImageCorrupt, "compression 3 with 8 bits" },
        { ImageBuilder.Bmp(Header(40, 24, 99), [], Rows24), BlipErrorCode.ImageCorrupt, "compression 99" },
        { ImageBuilder.Bmp(Header(40, 32, 11), [], Rows32), BlipErrorCode.UnsupportedImage, "CMYK" },
        { ImageBuilder.Bmp(Header(64, 32, 3), [], Rows32), BlipErrorCode.UnsupportedImage, "bit fields in a rare header" },
        {
            ImageBuilder.Bmp(Header(56, 16, 3, masks: [0xF00F, 0x7E0, 0x10, 0]), [], Rows565),
            BlipErrorCode.UnsupportedImage, "several parts"
        },
        { WithOffset(ImageBuilder.Bmp(Header(40, 24), [], Rows24), 50), BlipErrorCode.ImageCorrupt, "inside its header" },
        { ImageBuilder.Bmp(Header(40, 8, 1), Full(Palette), [0, 3, 1, 2, 3, 0, 0, 1]), BlipErrorCode.ImageCorrupt, "outside" },
        { ImageBuilder.Bmp(Header(40, 8, 1), Full(Palette), [0, 2, 3, 0, 1, 1, 0, 1]), BlipErrorCode.ImageCorrupt, "outside" },
        { ImageBuilder.Bmp(Header(40, 8, 1), Full(Palette), [0, 2, 0, 3, 1, 1, 0, 1]), BlipErrorCode.ImageCorrupt, "outside" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Process_NoSuchBitmap_IsRefused(byte[] file, string code, string says)
    {
        BlipException refused = Assert.Throws<BlipException>(
            () => new ImagePreprocessor(2, 2).Process(BlipImage.FromBytes(file), TestContext.Current.CancellationToken));
        Assert.Equal(code, refused.Code);
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    /// <summary>The second header of a bitmap of 2 x 2, of any length.</summary>
    private static byte[] Header(int size, short bits, int compression = 0, int colours = 0, uint[]? masks = null)
    {
        byte[] header = new byte[Math.Max(size, 124)];
        ImageBuilder.BmpHeader(2, 2, bits, compression, masks ?? [0]).CopyTo(header, 0);
        BinaryPrimitives.WriteInt32LittleEndian(header, size);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(32), colours);
        return header[..size];
    }

    private static byte[] WithOffset(byte[] file, int offset)
    {
        byte[] changed = [.. file];
        BinaryPrimitives.WriteInt32LittleEndian(changed.AsSpan(10), offset);
        return changed;
    }

    private static byte[] Full(byte[] palette) => [.. palette, .. new byte[1024 - palette.Length]];
}
