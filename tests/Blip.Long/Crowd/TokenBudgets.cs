using System.Diagnostics;

namespace Blip.Long.Crowd;

/// <summary>
/// How the token budget of a run (<see cref="BlipOptions.MaxBatchTokens"/>) tells on the time of questions of several lengths.
/// </summary>
internal static class TokenBudgets
{
    private const int Questions = 32, Rounds = 3;
    private static readonly int[] Budgets = [128, 256, 512, 1024];

    public static async Task MeasureAsync(string folder, BlipPrecision precision)
    {
        BlipModel[] models = await Task.WhenAll(Budgets.Select(budget => CrowdModel.LoadAsync(folder, precision, maxBatchTokens: budget)));
        EncodedImage[] encoded = await Task.WhenAll(models.Select(model => model.EncodeAsync(CrowdModel.NewImage(0))));
        foreach (int words in (int[])[8, 40, 120])
        {
            string[] questions = [.. Enumerable.Repeat(string.Concat(Enumerable.Repeat("dog ", words)), Questions)];
            double[] least = [.. Budgets.Select(_ => double.MaxValue)];
            // Turn by turn, so that a machine that slows down slows them all.
            for (int round = 0; round <= Rounds; round++)
            {
                for (int i = 0; i < Budgets.Length; i++)
                {
                    long start = Stopwatch.GetTimestamp();
                    await models[i].AskAsync(encoded[i], questions, CrowdModel.TwoTokens);
                    double took = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                    if (round > 0)
                        least[i] = Math.Min(least[i], took);
                }
            }
            IEnumerable<string> figures = Budgets.Select((budget, i) =>
                FormattableString.Invariant($"{budget}: {least[i]:0} ms ({least[i] / least[2]:0.00}x)"));
            Report.Show($"{Questions} questions of {words} words, {precision}, by token budget", $"{string.Join(", ", figures)}");
        }
        foreach ((BlipModel model, EncodedImage image) in models.Zip(encoded))
        {
            image.Dispose();
            await model.DisposeAsync();
        }
    }
}
