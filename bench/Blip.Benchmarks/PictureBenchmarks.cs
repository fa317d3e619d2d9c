using BenchmarkDotNet.Attributes;
using Blip.Imaging;

namespace Blip.Benchmarks;

/// <summary>From a picture to what the model sees.</summary>
[MemoryDiagnoser]
public class PictureBenchmarks
{
    private readonly ImagePreprocessor _preprocessor = new(384, 384);
    private readonly byte[] _jpeg = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "dogs.jpg"));
    private readonly byte[] _pixels = new byte[4000 * 3000 * 3];

    /// <summary>12 megapixels of pixels, resized.</summary>
    [Benchmark]
    public int Resize12Megapixels() => Process(Picture.FromRgb(_pixels, 4000, 3000));

    /// <summary>A JPEG, decoded and resized.</summary>
    [Benchmark]
    public int DecodeAndResizeJpeg() => Process(Picture.FromBytes(_jpeg));

    private int Process(Picture picture)
    {
        using PixelTensor tensor = _preprocessor.Process(picture);
        return tensor.Span[0];
    }
}
