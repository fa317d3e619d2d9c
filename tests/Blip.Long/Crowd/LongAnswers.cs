using System.Diagnostics;

namespace Blip.Long.Crowd;

/// <summary>Several answers of many tokens: what they leave in memory, against one such answer.</summary>
internal static class LongAnswers
{
    private static readonly AskOptions Long = new() { MinNewTokens = 120, MaxNewTokens = 120 };

    public static async Task MeasureAsync(string folder, int count, Report report)
    {
        await using BlipModel model = await CrowdModel.LoadAsync(folder);
        using EncodedImage encoded = await model.EncodeAsync(CrowdModel.NewImage(0));
        string[] questions = [.. Enumerable.Range(0, count).Select(i => $"how many dogs are in picture {i}?")];
        await model.AskAsync(encoded, questions, CrowdModel.TwoTokens);
        double before = ProcessFigures.ResidentMegabytes;

        ProcessFigures.ResetPeak();
        long start = Stopwatch.GetTimestamp();
        await model.AskAsync(encoded, questions, Long);
        (double time, double peak) = (Stopwatch.GetElapsedTime(start).TotalSeconds, ProcessFigures.PeakMegabytes);
        double after = ProcessFigures.ResidentMegabytes;
        report.AtMost(
            $"{count} answers of 120 tokens, memory afterwards", after / before, 1.1, "x",
            $"{after:0} against {before:0} MB; at most {peak:0} MB; {time:0.0} s");
    }
}
