using Blip.Images;
using Blip.Tests;
using ImageMagick;

namespace Blip.Magick.Tests;

/// <summary>Makes test files with ImageMagick's writers. It writes no HEIC: those files are in tests/golden/images/magick.</summary>
internal static class Files
{
    public static byte[] Heic(string name) => File.ReadAllBytes(TestPaths.Golden("images", "magick", name));

    public static byte[] Golden(string name) => File.ReadAllBytes(TestPaths.Golden("images", "files", name));

    /// <summary>The stored pixels of a file that Blip reads itself: RGB without padding.</summary>
    public static Picture Stored(byte[] file, AlphaMode alpha = AlphaMode.White)
    {
        BlipImage image = BlipImage.FromBytes(file);
        ImageHeader header = image.ReadHeader();
        ImageOptions options = new() { Orientation = ImageOrientation.Ignore, Alpha = alpha };
        using PixelTensor pixels = new ImagePreprocessor(header.Width, header.Height, options).Process(image);
        return new Picture(pixels.Span.ToArray(), header.Width, header.Height);
    }

    public static byte[] Write(Picture picture, MagickFormat format, Action<MagickImage>? change = null)
    {
        using MagickImage image = Load(picture);
        change?.Invoke(image);
        return image.ToByteArray(format);
    }

    public static MagickImage Load(Picture picture)
    {
        MagickImage image = new();
        PixelMapping mapping = picture.Pixels.Length == picture.Width * picture.Height * 4 ? PixelMapping.RGBA : PixelMapping.RGB;
        image.ReadPixels(
            picture.Pixels, new PixelReadSettings((uint)picture.Width, (uint)picture.Height, StorageType.Char, mapping));
        image.Quality = 100;
        return image;
    }

    internal sealed record Picture(byte[] Pixels, int Width, int Height);
}
