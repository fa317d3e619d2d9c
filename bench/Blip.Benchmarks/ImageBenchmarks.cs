using BenchmarkDotNet.Attributes;
using Blip.Images;

namespace Blip.Benchmarks;

/// <summary>From an image to the model's input.</summary>
[MemoryDiagnoser]
public class ImageBenchmarks
{
    private readonly ImagePreprocessor _preprocessor = new(384, 384);
    private readonly byte[] _jpeg = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "dogs.jpg"));
    private readonly byte[] _pixels = new byte[4000 * 3000 * 3];

    /// <summary>Resizes 12 megapixels.</summary>
    [Benchmark]
    public int Resize12Megapixels() => Process(BlipImage.FromRgb(_pixels, 4000, 3000));

    /// <summary>Decodes and resizes a JPEG.</summary>
    [Benchmark]
    public int DecodeAndResizeJpeg() => Process(BlipImage.FromBytes(_jpeg));

    private int Process(BlipImage image)
    {
        using PixelTensor tensor = _preprocessor.Process(image);
        return tensor.Span[0];
    }
}
