using System.Diagnostics;

namespace Blip.Long.Crowd;

/// <summary>Questions at the model's limit: in one call against one after the other.</summary>
internal static class LongQuestions
{
    public static async Task MeasureAsync(string folder, int count, Report report)
    {
        await using BlipModel model = await CrowdModel.LoadAsync(folder);
        using EncodedImage encoded = await model.EncodeAsync(CrowdModel.NewImage(0));
        string question = string.Concat(Enumerable.Repeat("dog ", 600));
        AskOptions options = CrowdModel.TwoTokens with { TruncateQuestion = true };
        await model.AskAsync(encoded, question, options);

        ProcessFigures.ResetPeak();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
            await model.AskAsync(encoded, question, options);
        (double time, double peak) = (Stopwatch.GetElapsedTime(start).TotalSeconds, ProcessFigures.PeakMegabytes);
        double resident = ProcessFigures.ResidentMegabytes;

        ProcessFigures.ResetPeak();
        start = Stopwatch.GetTimestamp();
        await model.AskAsync(encoded, [.. Enumerable.Repeat(question, count)], options);
        (double timeOfOne, double peakOfOne) = (Stopwatch.GetElapsedTime(start).TotalSeconds, ProcessFigures.PeakMegabytes);
        double residentOfOne = ProcessFigures.ResidentMegabytes;

        string name = $"{count} questions of 512 tokens in one call against one after the other";
        report.AtMost($"{name}, peak memory", peakOfOne / peak, 2, "x", $"{peakOfOne:0} against {peak:0} MB");
        report.AtMost($"{name}, time", timeOfOne / time, 1.0, "x", $"{timeOfOne:0.0} against {time:0.0} s");
        report.AtMost($"{name}, memory afterwards", residentOfOne / resident, 1.1, "x", $"{residentOfOne:0} against {resident:0} MB");
    }
}
