using Blip.Tests.Telemetry;

namespace Blip.Long.Crowd;

/// <summary>The model of a row, and what all rows ask of it.</summary>
internal static class CrowdModel
{
    public const string Question = "how many dogs are in the picture?";

    public static AskOptions TwoTokens { get; } = new() { MaxNewTokens = 2 };

    public static Task<BlipModel> LoadAsync(
        string model, BlipPrecision precision = BlipPrecision.Fp32, ModelMeter? meter = null, int maxBatchTokens = 512) =>
        BlipModel.LoadAsync(
            new BlipOptions { Model = model, Device = BlipDevice.Cpu, Precision = precision, MaxBatchTokens = maxBatchTokens },
            new BlipServices { MeterFactory = meter });

    /// <summary>An image unlike that of any other seed.</summary>
    public static BlipImage NewImage(int seed)
    {
        byte[] pixels = new byte[64 * 64 * 3];
        new Random(seed).NextBytes(pixels);
        return BlipImage.FromRgb(pixels, 64, 64);
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
