using System.Diagnostics;

namespace Blip.Long.Crowd;

/// <summary>Four answers of two tokens beside one of 60, against the four alone.</summary>
internal static class ShortAnswers
{
    private const int Rounds = 5;

    private static readonly AskOptions Long = new() { MinNewTokens = 60, MaxNewTokens = 60 };

    public static async Task MeasureAsync(string folder, Report report)
    {
        await using BlipModel model = await CrowdModel.LoadAsync(folder);
        using EncodedImage encoded = await model.EncodeAsync(CrowdModel.NewImage(0));
        List<double> alone = [], beside = [], longOnes = [];
        // The first round warms up.
        for (int i = 0; i <= Rounds; i++)
        {
            double four = await AskFourAsync();
            long start = Stopwatch.GetTimestamp();
            Task longOne = model.AskAsync(encoded, "is there a cat?", Long);
            double fourBeside = await AskFourAsync();
            await longOne;
            if (i == 0)
                continue;
            alone.Add(four);
            beside.Add(fourBeside);
            longOnes.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        (double apart, double together) = (CrowdModel.Median(alone), CrowdModel.Median(beside));
        report.AtMost(
            "four answers of 2 tokens beside one of 60 against alone", together / apart, 1.5, "x",
            $"{together:0} against {apart:0} ms; the long one came after {CrowdModel.Median(longOnes):0} ms");

        async Task<double> AskFourAsync()
        {
            long start = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => model.AskAsync(encoded, CrowdModel.Question, CrowdModel.TwoTokens)));
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
    }
}
