using BenchmarkDotNet.Attributes;
using Blip.Images;
using SkiaSharp;

namespace Blip.Benchmarks;

/// <summary>From an image to the model's input.</summary>
[MemoryDiagnoser]
public class ImageBenchmarks
{
    private readonly ImagePreprocessor _preprocessor = new(384, 384);
    private readonly byte[] _pixels = new byte[4000 * 3000 * 3];
    private byte[] _smallJpeg = [], _largeJpeg = [], _largePng = [];

    /// <summary>Makes the files from the sample photo.</summary>
    [GlobalSetup]
    public void Setup()
    {
        using SKBitmap photo = SKBitmap.Decode(Path.Combine(AppContext.BaseDirectory, "dogs.jpg"));
        _smallJpeg = Encode(photo, 640, 480, SKEncodedImageFormat.Jpeg);
        _largeJpeg = Encode(photo, 4000, 3000, SKEncodedImageFormat.Jpeg);
        _largePng = Encode(photo, 4000, 3000, SKEncodedImageFormat.Png);
    }

    /// <summary>Resizes 12 megapixels.</summary>
    [Benchmark]
    public int Resize12Megapixels() => Process(BlipImage.FromRgb(_pixels, 4000, 3000));

    /// <summary>Decodes and resizes a JPEG of 640 x 480 pixels.</summary>
    [Benchmark]
    public int DecodeAndResizeSmallJpeg() => Process(BlipImage.FromBytes(_smallJpeg));

    /// <summary>Decodes and resizes a JPEG of 12 megapixels.</summary>
    [Benchmark]
    public int DecodeAndResizeLargeJpeg() => Process(BlipImage.FromBytes(_largeJpeg));

    /// <summary>Decodes and resizes a PNG of 12 megapixels.</summary>
    [Benchmark]
    public int DecodeAndResizeLargePng() => Process(BlipImage.FromBytes(_largePng));

    private static byte[] Encode(SKBitmap photo, int width, int height, SKEncodedImageFormat format)
    {
        using SKBitmap resized = photo.Resize(new SKSizeI(width, height), new SKSamplingOptions(SKCubicResampler.Mitchell))!;
        // Detail and noise as of a camera, so that the files have the size of photos.
        Random random = new(1);
        Span<byte> bytes = resized.GetPixelSpan();
        for (int i = 0; i < bytes.Length; i++)
            if (i % 4 != 3)
                bytes[i] = (byte)Math.Clamp(bytes[i] + random.Next(-5, 6), 0, 255);
        using SKData data = resized.Encode(format, 85)!;
        return data.ToArray();
    }

    private int Process(BlipImage image)
    {
        using PixelTensor tensor = _preprocessor.Process(image);
        return tensor.Span[0];
    }
}
