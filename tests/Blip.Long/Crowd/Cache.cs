using Blip.Tests.Telemetry;

namespace Blip.Long.Crowd;

/// <summary>
/// Images with so many questions each that keys and values pay: none is encoded twice, and the cache counts what they take.
/// </summary>
internal static class Cache
{
    private const int Images = 8, Questions = 7;

    public static async Task MeasureAsync(string folder, BlipPrecision precision, Report report)
    {
        using ModelMeter meter = new();
        await using BlipModel model = await CrowdModel.LoadAsync(folder, precision, meter);
        BlipImage[] images = [.. Enumerable.Range(0, Images).Select(CrowdModel.NewImage)];
        string[] questions = [.. Enumerable.Repeat(CrowdModel.Question, Questions)];
        foreach (BlipImage image in images)
            await model.AskAsync(image, questions, CrowdModel.TwoTokens);
        int again = 0;
        double held = 0;
        foreach (BlipImage image in images)
        {
            again += (await model.AskAsync(image, CrowdModel.Question, CrowdModel.TwoTokens)).Timing.Vision is null ? 0 : 1;
            using EncodedImage encoded = await model.EncodeAsync(image);
            held += encoded.Bytes;
        }
        double counted = meter.Values("blip.image_cache.size").Sum();
        string name = $"{Images} images with {Questions} questions each, {precision}";
        report.AtMost($"{name}, encoded twice", again, 0, "", $"of {Images}");
        report.AtMost(
            $"{name}, counted bytes off those held", 100 * Math.Abs((counted / held) - 1), 5, " %",
            $"{counted / 1e6:0} and {held / 1e6:0} MB");
    }
}
