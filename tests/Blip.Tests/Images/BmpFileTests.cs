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
        int missing = kind.StartsWith("run", StringComparison.Ordinal) ? 8 : 1;
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

    private static byte[] Full(byte[] palette) => [.. palette, .. new byte[1024 - palette.Length]];
}
