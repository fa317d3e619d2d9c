using System.Diagnostics;
using System.Text.Json;
using Blip.Images;
using Xunit;

namespace Blip.Tests.Images;

public class BadImageTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Process_BadGolden_IsRefusedWithTheExpectedWord()
    {
        // The image is refused before it is decoded, so even a file that decodes to a huge image takes no time and no memory.
        ImagePreprocessor preprocessor = new(384, 384, decoder: new NoDecoder());
        foreach (JsonElement bad in GoldenImages.Bad)
        {
            string name = GoldenImages.Name(bad);
            BlipImage image = BlipImage.FromFile(TestPaths.Golden("images", "bad", name));
            long begin = Stopwatch.GetTimestamp();
            long allocated = GC.GetAllocatedBytesForCurrentThread();

            BlipException refused = Assert.Throws<BlipException>(() => preprocessor.Process(image, Token));

            Assert.Matches($"(?i){bad.GetProperty("says").GetString()}", refused.Message);
            Assert.DoesNotContain('\n', refused.Message);
            Assert.InRange(Stopwatch.GetElapsedTime(begin), TimeSpan.Zero, TimeSpan.FromSeconds(2));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 1 << 20);
        }
    }

    [Fact]
    public void Process_EveryTruncation_IsRefused()
    {
        ImagePreprocessor preprocessor = new(8, 8);
        foreach (string name in (string[])["exif-1.jpg", "size-3x900.png", "animated.webp", "topdown.bmp", "interlaced.png"])
        {
            byte[] whole = GoldenImages.Bytes(name);
            for (int length = 0; length < whole.Length; length += 1 + (whole.Length / 150))
            {
                BlipImage cut = BlipImage.FromBytes(whole.AsMemory(0, length));
                BlipException refused = Assert.Throws<BlipException>(() => preprocessor.Process(cut, Token));
                Assert.True(refused.Code == BlipErrorCode.ImageCorrupt || length < 12, $"{name} {length}: {refused.Message}");
            }
        }
    }

    [Theory]
    [InlineData("rgb.png")]
    [InlineData("interlaced.png")]
    [InlineData("palette-4bit.png")]
    public void Process_PngWithMissingPixels_IsRefusedThoughItsChecksumsAreRight(string name)
    {
        byte[] whole = GoldenImages.Bytes(name);
        int at = whole.AsSpan().IndexOf("IDAT"u8);
        byte[] pixels = ImageBuilder.PngChunk("IDAT", whole[(at + 4)..(at + 1500)]);
        byte[] half = [.. whole[..(at - 4)], .. pixels, .. ImageBuilder.PngChunk("IEND", [])];
        BlipException refused = Assert.Throws<BlipException>(
            () => new ImagePreprocessor(8, 8).Process(BlipImage.FromBytes(half), Token));
        Assert.Equal(BlipErrorCode.ImageCorrupt, refused.Code);
    }

    [Fact]
    public void Process_GifCutAfterItsFirstFrame_IsRead()
    {
        byte[] whole = GoldenImages.Bytes("animated.gif");
        ImagePreprocessor preprocessor = new(8, 8);
        int end = 0;
        for (int length = 20; length < whole.Length && end == 0; length++)
            try
            {
                preprocessor.Process(BlipImage.FromBytes(whole.AsMemory(0, length)), Token).Dispose();
                end = length;
            }
            catch (BlipException refused)
            {
                Assert.Equal(BlipErrorCode.ImageCorrupt, refused.Code);
            }
        Assert.InRange(end, 100, whole.Length - 100);
        Assert.Equal(RgbCollector.Decode(whole), RgbCollector.Decode(whole[..end]));
    }

    [Theory]
    [InlineData("photo-q75-s2.jpg")]
    [InlineData("progressive.jpg")]
    [InlineData("steps.png")]
    [InlineData("opaque.gif")]
    [InlineData("topdown.bmp")]
    [InlineData("lossy.webp")]
    public void Process_TrailingBytes_AreIgnored(string name)
    {
        byte[] whole = GoldenImages.Bytes(name);
        byte[] more = [.. whole, .. Enumerable.Repeat((byte)0xFF, 5000), .. GoldenImages.Bytes("scene.jpg")];
        Assert.Equal(RgbCollector.Decode(whole), RgbCollector.Decode(more));
        new ImagePreprocessor(8, 8).Process(BlipImage.FromBytes(more), Token).Dispose();
    }

    [Theory]
    [InlineData("%PDF-1.7", "PDF")]
    [InlineData("BMW is a maker of cars, not a bitmap", "Text")]
    [InlineData("data:image/png;base64,iVBOR", "base64")]
    [InlineData("<?xml version=\"1.0\"?><svg/>", "SVG")]
    [InlineData("II*\0rest", "TIFF")]
    [InlineData("\0\0\0\u0018ftypmif1\0\0\0\0mif1avif", "AVIF")]
    [InlineData("\0\0\0\u0018ftypheic\0\0\0\0mif1heic", "HEIC")]
    [InlineData("\0\0\0\u000CJXL \r\n", "JPEG XL")]
    [InlineData("RIFF\0\0\0\0AVI LIST", "AVI")]
    [InlineData("\u0001\u0002\u0003\u0004", "not an image")]
    public void Read_OtherFormat_IsRefusedByName(string bytes, string name)
    {
        BlipException refused = Assert.Throws<BlipException>(() => ImageHeader.Read([.. bytes.Select(c => (byte)c)]));
        Assert.Equal(BlipErrorCode.UnsupportedImage, refused.Code);
        Assert.Contains(name, refused.Message, StringComparison.Ordinal);
    }

    private sealed class NoDecoder : IImageDecoder
    {
        public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
            => throw new InvalidOperationException("The decoder was reached.");
    }
}
