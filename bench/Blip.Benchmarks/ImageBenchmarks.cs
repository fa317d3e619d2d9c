using BenchmarkDotNet.Attributes;
using Blip.Images;

namespace Blip.Benchmarks;

/// <summary>From an image to what the model sees.</summary>
[MemoryDiagnoser]
public class ImageBenchmarks
{
    private readonly ImagePreprocessor _preprocessor = new(384, 384);
    private readonly byte[] _jpeg = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "dogs.jpg"));
    private readonly byte[] _pixels = new byte[4000 * 3000 * 3];

    /// <summary>12 megapixels of pixels, resized.</summary>
    [Benchmark]
    public int Resize12Megapixels() => Process(BlipImage.FromRgb(_pixels, 4000, 3000));

    /// <summary>A JPEG, decoded and resized.</summary>
    [Benchmark]
    public int DecodeAndResizeJpeg() => Process(BlipImage.FromBytes(_jpeg));

    private int Process(BlipImage image)
    {
        using PixelTensor tensor = _preprocessor.Process(image);
        return tensor.Span[0];
    }
}
