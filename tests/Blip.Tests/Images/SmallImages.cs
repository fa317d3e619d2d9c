using Blip.Images;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.PixelFormats;
using SkiaSharp;

namespace Blip.Tests.Images;

/// <summary>Small files in all formats: every encoder's forms, in sizes of 1 to 64 pixels, and progressive JPEGs.</summary>
internal static class SmallImages
{
    public const int Count = 200;

    private static readonly (int Width, int Height)[] Sizes = [(1, 1), (2, 3), (7, 5), (16, 16), (17, 33), (32, 24), (48, 31), (64, 64)];

    private static readonly string[] Sources = ["scene.jpg", "rgb.png", "transparent.gif"];

    private static readonly Func<Image<Rgba32>, byte[]>[] Encoders =
    [
        .. Forms(PngColorType.Rgb, PngColorType.RgbWithAlpha, PngColorType.Grayscale, PngColorType.GrayscaleWithAlpha)
            .Select(Managed),
        .. new[] { PngBitDepth.Bit1, PngBitDepth.Bit2, PngBitDepth.Bit4, PngBitDepth.Bit8 }
            .Select(depth => Managed(new PngEncoder { ColorType = PngColorType.Palette, BitDepth = depth })),
        Managed(new PngEncoder { ColorType = PngColorType.RgbWithAlpha, BitDepth = PngBitDepth.Bit16 }),
        // ImageSharp writes broken files where a pass has no pixels.
        image => Managed(new PngEncoder
        {
            ColorType = PngColorType.Rgb,
            InterlaceMethod = image.Width < 5 ? PngInterlaceMode.None : PngInterlaceMode.Adam7,
        })(image),
        Managed(new GifEncoder()),
        .. new[] { BmpBitsPerPixel.Pixel8, BmpBitsPerPixel.Pixel24, BmpBitsPerPixel.Pixel32 }
            .Select(bits => Managed(new BmpEncoder { BitsPerPixel = bits })),
        Managed(new JpegEncoder { Quality = 60, ColorType = JpegColorType.YCbCrRatio420 }),
        Managed(new JpegEncoder { Quality = 90, ColorType = JpegColorType.YCbCrRatio444 }),
        Managed(new JpegEncoder { Quality = 80, ColorType = JpegColorType.Luminance }),
        Managed(new WebpEncoder { FileFormat = WebpFileFormatType.Lossless }),
        Managed(new WebpEncoder { FileFormat = WebpFileFormatType.Lossy }),
        Native(SKEncodedImageFormat.Jpeg), Native(SKEncodedImageFormat.Png), Native(SKEncodedImageFormat.Webp),
    ];

    /// <summary>Files in the same order at every call: the first ones have all forms.</summary>
    public static IEnumerable<byte[]> All()
    {
        foreach (string file in Directory.EnumerateFiles(TestPaths.Golden("images", "progressive")).Order(StringComparer.Ordinal))
            yield return File.ReadAllBytes(file);
        for (int round = 0; ; round++)
        {
            (int width, int height) = Sizes[(5 * round + 4) % Sizes.Length];
            ImagePreprocessor preprocessor = new(width, height);
            using PixelTensor pixels = preprocessor.Process(BlipImage.FromFile(GoldenImages.PathOf(Sources[round % Sources.Length])));
            using Image<Rgb24> opaque = Image.LoadPixelData<Rgb24>(pixels.Span, width, height);
            using Image<Rgba32> image = opaque.CloneAs<Rgba32>();
            foreach (Func<Image<Rgba32>, byte[]> encode in Encoders)
                yield return encode(image);
        }
    }

    private static IEnumerable<IImageEncoder> Forms(params PngColorType[] types) =>
        types.Select(type => new PngEncoder { ColorType = type });

    private static Func<Image<Rgba32>, byte[]> Managed(IImageEncoder encoder) => image =>
    {
        using MemoryStream file = new();
        image.Save(file, encoder);
        return file.ToArray();
    };

    private static Func<Image<Rgba32>, byte[]> Native(SKEncodedImageFormat format) => image =>
    {
        byte[] pixels = new byte[image.Width * image.Height * 4];
        image.CopyPixelDataTo(pixels);
        using SKImage copy = SKImage.FromPixelCopy(
            new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque), pixels);
        using SKData file = copy.Encode(format, 70);
        return file.ToArray();
    };
}
