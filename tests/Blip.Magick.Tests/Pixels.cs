using Blip.Images;
using Xunit;

namespace Blip.Magick.Tests;

/// <summary>What the model sees of a file.</summary>
internal static class Pixels
{
    public static MagickImageDecoder Decoder { get; } = new();

    public static byte[] Of(byte[] file, int width = 96, int height = 96, ImageOptions? options = null)
    {
        using PixelTensor pixels = new ImagePreprocessor(width, height, options, Decoder)
            .Process(BlipImage.FromBytes(file), TestContext.Current.CancellationToken);
        return pixels.Span.ToArray();
    }

    public static void AssertNear(byte[] expected, byte[] actual, double mean)
    {
        Assert.Equal(expected.Length, actual.Length);
        double sum = 0;
        for (int i = 0; i < expected.Length; i++)
            sum += Math.Abs(expected[i] - actual[i]);
        Assert.InRange(sum / expected.Length, 0, mean);
    }
}
