using System.Diagnostics;

namespace Blip.Long.Crowd;

/// <summary>One call of 4,000 questions on the demo model: what another caller waits meanwhile.</summary>
internal static class ManyQuestions
{
    private const int Questions = 4000, Rounds = 20;

    public static async Task MeasureAsync(Report report)
    {
        await using BlipModel model = await CrowdModel.LoadAsync(BlipModel.DemoModel);
        using EncodedImage encoded = await model.EncodeAsync(CrowdModel.NewImage(0));
        int images = 1;
        await MeasureAsync(NewImageAsync);
        (double newImage, double known) = (await MeasureAsync(NewImageAsync), await MeasureAsync(KnownImageAsync));

        using CancellationTokenSource enough = new();
        Task all = model.AskAsync(encoded, [.. Enumerable.Repeat("is there a cat?", Questions)], CrowdModel.TwoTokens, enough.Token);
        (double newImageBeside, double knownBeside) = (await MeasureAsync(NewImageAsync), await MeasureAsync(KnownImageAsync));
        string note = all.IsCompleted ? "; the call ended meanwhile" : "";
        await enough.CancelAsync();
        await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        string name = $"beside one call of {Questions} questions";
        report.AtMost(
            $"a new image {name} against idle", newImageBeside / newImage, 3, "x", $"{newImageBeside:0.0} against {newImage:0.0} ms{note}");
        Report.Show($"an encoded image {name}", $"{knownBeside:0.0} ms against {known:0.0} ms idle{note}");

        Task NewImageAsync() => model.AskAsync(CrowdModel.NewImage(images++), CrowdModel.Question, CrowdModel.TwoTokens);

        Task KnownImageAsync() => model.AskAsync(encoded, CrowdModel.Question, CrowdModel.TwoTokens);
    }

    /// <summary>The median time of a question, in milliseconds.</summary>
    private static async Task<double> MeasureAsync(Func<Task> ask)
    {
        double[] times = new double[Rounds];
        for (int i = 0; i < Rounds; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await ask();
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
        return CrowdModel.Median(times);
    }
}
