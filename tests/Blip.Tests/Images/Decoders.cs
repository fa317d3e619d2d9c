using Blip.Images;
using Blip.ImageSharp;
using Blip.Skia;
using Xunit;

namespace Blip.Tests.Images;

/// <summary>The two decoders, by the names of the setting <c>Blip:Decoder</c>.</summary>
internal static class Decoders
{
    public const string Skia = "skia", ImageSharp = "imagesharp";

    public static TheoryData<string> Names { get; } = [Skia, ImageSharp];

    public static IImageDecoder Of(string name) => name == Skia ? new SkiaImageDecoder() : new ImageSharpDecoder();

    /// <summary>The mean and the largest difference of two inputs of the model.</summary>
    public static (double Mean, int Most) Difference(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        Assert.Equal(a.Length, b.Length);
        long sum = 0;
        int most = 0;
        for (int i = 0; i < a.Length; i++)
        {
            int difference = Math.Abs(a[i] - b[i]);
            sum += difference;
            most = Math.Max(most, difference);
        }
        return ((double)sum / a.Length, most);
    }
}
