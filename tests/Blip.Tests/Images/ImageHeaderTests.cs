using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Blip.Images;
using Blip.Skia;
using Xunit;

namespace Blip.Tests.Images;

public class ImageHeaderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Read_Golden_HasPillowsSize()
        => Assert.All(GoldenImages.Cases, golden =>
        {
            ImageHeader header = ImageHeader.Read(GoldenImages.Bytes(GoldenImages.Name(golden)));
            Assert.Equal(golden.GetProperty("pillow").GetProperty("width").GetInt32(), header.Width);
            Assert.Equal(golden.GetProperty("pillow").GetProperty("height").GetInt32(), header.Height);
            Assert.Equal((long)header.Width * header.Height, header.Pixels);
        });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void Read_Orientation_IsFoundInEveryFormat(int orientation)
    {
        byte[] jpeg = GoldenImages.Bytes("gray.jpg"), png = GoldenImages.Bytes("steps.png"), webp = GoldenImages.Bytes("lossless.webp");
        byte[] little = ImageBuilder.Exif(orientation, little: true), big = ImageBuilder.Exif(orientation, little: false, type: 4);
        byte[] xmp = Encoding.UTF8.GetBytes($"<x:xmpmeta><rdf:Description tiff:Orientation=\"{orientation}\"/></x:xmpmeta>");
        byte[] element = Encoding.UTF8.GetBytes($"<tiff:Orientation>{orientation}</tiff:Orientation>");
        byte[][] files =
        [
            GoldenImages.Bytes($"exif-{orientation}.jpg"),
            ImageBuilder.JpegWith(jpeg, [.. "Exif\0\0"u8, .. little]),
            ImageBuilder.JpegWith(jpeg, [.. "Exif\0\0"u8, .. big]),
            ImageBuilder.JpegWith(jpeg, [.. "http://ns.adobe.com/xap/1.0/\0"u8, .. xmp]),
            ImageBuilder.PngWith(png, "eXIf", little),
            ImageBuilder.PngWith(png, "eXIf", big),
            ImageBuilder.PngWith(png, "iTXt", [.. "XML:com.adobe.xmp\0\0\0\0\0"u8, .. element]),
            ImageBuilder.PngWith(png, "iTXt", [.. "XML:com.adobe.xmp\0\u0001\0\0\0"u8, .. Deflate(element)]),
            ImageBuilder.WebPWith(webp, 481, 333, "EXIF", big),
            ImageBuilder.WebPWith(webp, 481, 333, "EXIF", [.. "Exif\0\0"u8, .. little]),
            ImageBuilder.WebPWith(webp, 481, 333, "XMP ", xmp),
        ];
        Assert.All(files, file => Assert.Equal(orientation, ImageHeader.Read(file).Orientation));
        ImagePreprocessor preprocessor = new(8, 8, new ImageOptions());
        Assert.All(files, file => preprocessor.Process(BlipImage.FromBytes(file), Token).Dispose());
    }

    [Theory]
    [InlineData("zTXt", "Raw profile type exif")]
    [InlineData("zTXt", "Raw profile type APP1")]
    [InlineData("tEXt", "Raw profile type exif")]
    [InlineData("iTXt", "Raw profile type exif")]
    [InlineData("iTXt, deflated", "Raw profile type exif")]
    public void Read_ImageMagicksProfile_HasTheOrientation(string chunk, string keyword)
    {
        byte[] png = GoldenImages.Bytes("steps.png"), text = ProfileText(8), name = [.. Encoding.ASCII.GetBytes(keyword), 0];
        byte[] body = chunk switch
        {
            "tEXt" => [.. name, .. text],
            "zTXt" => [.. name, 0, .. Deflate(text)],
            "iTXt" => [.. name, 0, 0, .. "en\0exif\0"u8, .. text],
            _ => [.. name, 1, 0, .. "en\0exif\0"u8, .. Deflate(text)],
        };
        Assert.Equal(8, ImageHeader.Read(ImageBuilder.PngWith(png, chunk[..4], body)).Orientation);
        // A broken profile is no reason to refuse the image.
        for (int length = 0; length < body.Length - 40; length++)
            Assert.Equal(1, ImageHeader.Read(ImageBuilder.PngWith(png, chunk[..4], body[..length])).Orientation);
        Assert.Equal(3, ImageHeader.Read(File.ReadAllBytes(
            TestPaths.Golden("images", "orientation", "exif_imagemagick_orientation.png"))).Orientation);
    }

    [Fact]
    public void Read_ExifOfItsOwnChunk_WinsOverAProfile_WhicheverIsFirst()
    {
        byte[] png = GoldenImages.Bytes("steps.png"), exif = ImageBuilder.Exif(6, little: true);
        byte[] profile = [.. "Raw profile type exif\0"u8, .. ProfileText(3)];
        Assert.Equal(6, ImageHeader.Read(ImageBuilder.PngWith(ImageBuilder.PngWith(png, "eXIf", exif), "tEXt", profile)).Orientation);
        Assert.Equal(6, ImageHeader.Read(ImageBuilder.PngWith(ImageBuilder.PngWith(png, "tEXt", profile), "eXIf", exif)).Orientation);
    }

    private static byte[] ProfileText(int orientation)
    {
        byte[] exif = [.. "Exif\0\0"u8, .. ImageBuilder.Exif(orientation, little: false)];
        string hex = string.Join('\n', Convert.ToHexStringLower(exif).Chunk(72).Select(line => new string(line)));
        return Encoding.ASCII.GetBytes($"\nexif\n      {exif.Length}\n{hex}\n");
    }

    private static byte[] Deflate(byte[] bytes)
    {
        using MemoryStream deflated = new();
        using (ZLibStream stream = new(deflated, CompressionLevel.SmallestSize, leaveOpen: true))
            stream.Write(bytes);
        return deflated.ToArray();
    }

    [Fact]
    public void Read_BrokenExif_IsIgnored()
    {
        byte[] whole = ImageBuilder.Exif(6, little: true);
        List<byte[]> broken =
        [
            .. Enumerable.Range(0, 30).Select(length => whole[..length]),
            ImageBuilder.Exif(9, true), ImageBuilder.Exif(0, true), ImageBuilder.Exif(6, true, type: 7),
        ];
        for (int at = 0; at < 8; at++)
            broken.Add([.. whole[..at], 0xFF, .. whole[(at + 1)..]]);
        byte[] jpeg = GoldenImages.Bytes("gray.jpg");
        Assert.All(broken, exif => Assert.Equal(1, ImageHeader.Read(ImageBuilder.JpegWith(jpeg, [.. "Exif\0\0"u8, .. exif])).Orientation));
    }

    [Fact]
    public void Read_OverALimit_IsRefusedAndTheLimitNamed()
    {
        byte[] png = GoldenImages.Bytes("size-100x5000.png");
        Assert.Equal(5000, ImageHeader.Read(png, new ImageLimits { MaxSide = 5000, MaxPixels = 500_000 }).Height);
        Refused(new ImageLimits { MaxSide = 4999 }, BlipErrorCode.TooManyPixels, "4,999");
        Refused(new ImageLimits { MaxPixels = 499_999 }, BlipErrorCode.TooManyPixels, "499,999");
        Refused(new ImageLimits { MaxBytes = png.Length - 1 }, BlipErrorCode.ImageTooLarge, "bytes allowed");

        void Refused(ImageLimits limits, string code, string says)
        {
            BlipException refused = Assert.Throws<BlipException>(() => ImageHeader.Read(png, limits));
            Assert.Equal(code, refused.Code);
            Assert.Contains(says, refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("JPEG 4:4:4", false, 1)]
    [InlineData("JPEG 4:4:4", true, 1)]
    [InlineData("JPEG 4:4:4 in three scans", false, 2.5)]
    [InlineData("progressive JPEG 4:2:0", false, 1.797)]
    [InlineData("progressive JPEG 4:2:0", true, 1.797)]
    [InlineData("progressive JPEG 4:4:4", true, 2.594)]
    [InlineData("PNG RGBA, 16 bits", true, 1)]
    [InlineData("interlaced PNG palette", false, 1.25)]
    [InlineData("interlaced PNG RGBA, 16 bits", false, 3)]
    [InlineData("WebP lossy", true, 1)]
    [InlineData("WebP lossless", true, 2)]
    [InlineData("WebP lossy with alpha", false, 2.25)]
    [InlineData("GIF", false, 1)]
    public void PixelsInFlight_CountWhatDecodingTakes(string kind, bool turned, double times)
    {
        byte[] file = LargeImages.Of(kind, 320, 160);
        ImageHeader header = ImageHeader.Read(turned ? LargeImages.Turned(file, 320, 160)! : file);
        Assert.Equal(times, (double)header.PixelsInFlight / header.Pixels, 0.001);
    }

    [Theory]
    [InlineData("interlaced PNG RGBA, 16 bits", "an interlaced PNG takes more memory than others: 21,560,021 are allowed")]
    [InlineData("interlaced PNG RGB", "an interlaced PNG takes more memory than others: 36,960,036 are allowed")]
    public void Read_KindThatTakesMoreMemory_MayHaveFewerPixels(string kind, string says)
    {
        byte[] file = LargeImages.Of(kind, 64, 48);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(16), 7_000);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(20), 6_000);
        BlipException refused = Assert.Throws<BlipException>(() => ImageHeader.Read(file));
        Assert.Equal(BlipErrorCode.TooManyPixels, refused.Code);
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
        // A larger limit is larger for every kind.
        Assert.Equal(42_000_000, ImageHeader.Read(file, new ImageLimits { MaxPixels = 130_000_000 }).Pixels);
    }

    [Fact]
    public void Process_LosslessWebPInParts_HasTheSamePixels()
    {
        byte[] file = GoldenImages.Bytes("lossless.webp");
        ImageHeader header = ImageHeader.Read(file), inParts = header with { Parts = 4 };
        Assert.Equal(PixelHash.Of(file, header), PixelHash.Of(file, inParts));
        Assert.Equal(4, ImageHeader.Read(LargeImages.Of("WebP lossless", 6000, 5400)).Parts);
    }

    [Fact]
    public void Limits_BelowOne_Throw()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImageLimits { MaxBytes = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImageLimits { MaxSide = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImageLimits { MaxPixels = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImageLimits { MaxPixels = 500_000_001 });
    }

    [Theory]
    [InlineData(0xC3, 8, "lossless")]
    [InlineData(0xC1, 12, "12 bits")]
    [InlineData(0xC5, 8, "hierarchical")]
    [InlineData(0xF7, 8, "JPEG-LS")]
    public void Read_RareJpeg_IsRefusedByName(byte frame, byte bits, string says)
    {
        byte[] jpeg = GoldenImages.Bytes("gray.jpg");
        int at = jpeg.AsSpan().IndexOf((byte[])[0xFF, 0xC0]);
        (jpeg[at + 1], jpeg[at + 4]) = (frame, bits);
        BlipException refused = Assert.Throws<BlipException>(() => ImageHeader.Read(jpeg));
        Assert.Equal(BlipErrorCode.UnsupportedImage, refused.Code);
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_JpegWithItsHeightAfterItsPixels_IsRefusedByName()
    {
        byte[] jpeg = GoldenImages.Bytes("gray.jpg");
        int at = jpeg.AsSpan().IndexOf((byte[])[0xFF, 0xC0]);
        (jpeg[at + 5], jpeg[at + 6]) = (0, 0);
        BlipException refused = Assert.Throws<BlipException>(
            () => ImageHeader.Read([.. jpeg[..^2], 0xFF, 0xDC, 0, 4, 0, 48, .. jpeg[^2..]]));
        Assert.Equal(BlipErrorCode.UnsupportedImage, refused.Code);
        Assert.Contains("DNL", refused.Message, StringComparison.Ordinal);
        Assert.Equal(BlipErrorCode.ImageCorrupt, Assert.Throws<BlipException>(() => ImageHeader.Read(jpeg)).Code);
    }

    [Fact]
    public void Read_PngOfAnIPhoneApplication_IsRefusedByName()
    {
        byte[] png = GoldenImages.Bytes("rgb.png");
        BlipException refused = Assert.Throws<BlipException>(
            () => ImageHeader.Read([.. png[..8], .. ImageBuilder.PngChunk("CgBI", [0x50, 0, 0x20, 2]), .. png[8..]]));
        Assert.Equal(BlipErrorCode.UnsupportedImage, refused.Code);
        Assert.Contains("CgBI", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 1, true)]
    [InlineData(0, 0x80, true)]
    [InlineData(500, 0, false)]
    public void Process_PngWithAWrongChecksumOfItsPixels_NamesIt(int missing, byte flip, bool isNamed)
    {
        byte[] png = GoldenImages.Bytes("rgb.png");
        ImageHeader header = ImageHeader.Read(png);
        byte[] rows = new byte[header.Height * (1 + (3 * header.Width))];
        for (int at = 0; at < rows.Length; at++)
            rows[at] = at % (1 + (3 * header.Width)) == 0 ? (byte)0 : (byte)(at * 7);
        byte[] deflated = Deflate(rows[..^missing]);
        Assert.True(missing > 0 || Decodes());
        deflated[^1] ^= flip;
        BlipException refused = Assert.Throws<BlipException>(() => RgbCollector.Decode(Whole()));
        Assert.Equal(BlipErrorCode.ImageCorrupt, refused.Code);
        Assert.Equal(isNamed, refused.Message.Contains("the checksum of its pixels is wrong", StringComparison.Ordinal));

        bool Decodes() => RgbCollector.Decode(Whole()).Length > 0;

        byte[] Whole() => [.. png[..33], .. ImageBuilder.PngChunk("IDAT", deflated), .. ImageBuilder.PngChunk("IEND", [])];
    }

    [Fact]
    public void CheckComplete_JpegWithTooManyScans_IsRefused()
    {
        byte[] jpeg = GoldenImages.Bytes("progressive.jpg");
        byte[] scan = [0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 63, 0, 0];
        byte[] many = [.. jpeg[..^2], .. Enumerable.Repeat(scan, 1000).SelectMany(b => b), .. jpeg[^2..]];
        BlipException refused = Assert.Throws<BlipException>(
            () => new ImagePreprocessor(8, 8).Process(BlipImage.FromBytes(many), Token));
        Assert.Contains("scans", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Process_HugeColourProfile_IsIgnored()
    {
        using MemoryStream compressed = new();
        using (ZLibStream zlib = new(compressed, CompressionLevel.Fastest, leaveOpen: true))
            zlib.Write(new byte[200 << 20]);
        byte[] png = ImageBuilder.PngWith(GoldenImages.Bytes("steps.png"), "iCCP", [.. "bomb\0\0"u8, .. compressed.ToArray()]);
        Assert.Equal(RgbCollector.Decode(GoldenImages.Bytes("steps.png")), RgbCollector.Decode(png));
    }

    [Fact]
    public void Process_WideGif_FillsAroundItsFrameAsPillow()
    {
        // A GIF of one black pixel (palette: red, black) in the middle of a canvas of 3 x 1.
        byte[] gif =
        [
            .. "GIF89a"u8, 3, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 0,
            0x2C, 1, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4C, 0x01, 0, 0x3B,
        ];
        Assert.Equal((byte[])[255, 0, 0, 0, 0, 0, 255, 0, 0], RgbCollector.Decode(gif));
        Assert.Equal((byte[])[255, 255, 255, 0, 0, 0, 255, 255, 255], RgbCollector.Decode(gif, AlphaMode.White));
    }

    [Fact]
    public void Process_AnimatedPng_ShowsItsDefaultImage()
    {
        byte[] png = GoldenImages.Bytes("steps.png");
        byte[] control = [0, 0, 0, 2, 0, 0, 0, 0];
        Assert.Equal(RgbCollector.Decode(png), RgbCollector.Decode(ImageBuilder.PngWith(png, "acTL", control)));
    }

    [Fact]
    public void Decode_OtherSizeThanTheHeader_IsCorrupt()
    {
        byte[] png = GoldenImages.Bytes("steps.png");
        ImageHeader header = new(ImageFormat.Png, 10, 10);
        BlipException refused = Assert.Throws<BlipException>(() => new SkiaImageDecoder().Decode(png, header, new RgbCollector(), Token));
        Assert.Equal(BlipErrorCode.ImageCorrupt, refused.Code);
    }
}
