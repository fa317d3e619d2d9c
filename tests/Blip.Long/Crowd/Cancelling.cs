using Blip.Tests.Telemetry;

namespace Blip.Long.Crowd;

/// <summary>A caller leaves while its image is encoded: how long the next question waits for a run.</summary>
internal static class Cancelling
{
    private const int Rounds = 5;

    private static readonly TimeSpan InThePass = TimeSpan.FromMilliseconds(100);

    public static async Task MeasureAsync(string folder, Report report)
    {
        using ModelMeter meter = new();
        await using BlipModel model = await CrowdModel.LoadAsync(folder, BlipPrecision.Fp32, meter);
        using EncodedImage encoded = await model.EncodeAsync(CrowdModel.NewImage(0));
        await model.AskAsync(encoded, CrowdModel.Question, CrowdModel.TwoTokens);
        double worst = 0, whole = encoded.Timing.Vision!.Value.TotalMilliseconds;
        for (int i = 1; i <= Rounds; i++)
        {
            TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
            meter.ImageStarts = started.SetResult;
            using CancellationTokenSource caller = new();
            Task<EncodedImage> left = model.EncodeAsync(CrowdModel.NewImage(i), caller.Token);
            await started.Task;
            await Task.Delay(InThePass);
            Task<Answer> next = model.AskAsync(encoded, CrowdModel.Question, CrowdModel.TwoTokens);
            await caller.CancelAsync();
            AnswerTiming timing = (await next).Timing;
            worst = Math.Max(worst, (timing.Total - timing.Question!.Value - timing.Search!.Value).TotalMilliseconds);
            await ((Task)left).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            meter.ImageStarts = null;
        }
        report.AtMost(
            $"the next question's wait when a caller leaves a vision pass, worst of {Rounds}", worst, 150, " ms",
            $"a whole pass takes {whole:0} ms");
    }
}
