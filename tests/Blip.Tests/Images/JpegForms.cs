using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.PixelFormats;
using SkiaSharp;
using Xunit;
using Image = SixLabors.ImageSharp.Image;

namespace Blip.Tests.Images;

/// <summary>JPEGs of every form: samplings, channels, restarts, scans, arithmetic coding; of several encoders and sizes.</summary>
internal static class JpegForms
{
    private static readonly string[] Golden =
    [
        "exif-1.jpg", "photo-q30-s2.jpg", "photo-q85-s1.jpg", "photo-q95-s0.jpg", "gray.jpg", "cmyk.jpg", "optimized.jpg",
        "progressive.jpg", "restart.jpg", "odd-420.jpg", "icc.jpg", "big-12mp.jpg",
    ];

    private static readonly string[] Formats = ["scans.jpg", "restarts-420.jpg", "arithmetic.jpg"];

    public static IEnumerable<(string Name, byte[] File)> All() =>
    [
        .. Golden.Select(name => (name, GoldenImages.Bytes(name))),
        .. Formats.Select(name => (name, File.ReadAllBytes(TestPaths.Golden("images", "formats", name)))),
        .. new[] { JpegColorType.YCbCrRatio411, JpegColorType.YCbCrRatio422, JpegColorType.YCbCrRatio444, JpegColorType.Luminance }
            .Select(type => ($"ImageSharp {type}", Encoded(type))),
        ("Skia", Encoded(200, 130)), ("Skia, tiny", Encoded(9, 17)),
    ];

    private static byte[] Encoded(JpegColorType type)
    {
        using SixLabors.ImageSharp.Image<Rgb24> image = Image.Load<Rgb24>(GoldenImages.Bytes("odd-420.jpg"));
        using MemoryStream stream = new();
        image.Save(stream, new JpegEncoder { ColorType = type, Quality = 60 });
        return stream.ToArray();
    }

    private static byte[] Encoded(int width, int height)
    {
        using SKBitmap image = SKBitmap.Decode(GoldenImages.Bytes("odd-420.jpg"));
        using SKBitmap part = new(width, height);
        Assert.True(image.ExtractSubset(part, new SKRectI(100, 100, 100 + width, 100 + height)));
        using SKData data = part.Encode(SKEncodedImageFormat.Jpeg, 80);
        return data.ToArray();
    }
}
