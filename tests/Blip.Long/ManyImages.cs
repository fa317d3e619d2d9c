using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Blip.Long;

/// <summary>
/// Asking about many images, in processes of their own: against what the networks alone give, and two runs side by side against one. The
/// goals are what docs/performance.md measured, with 15 % to spare.
/// </summary>
internal static class ManyImages
{
    private const int Rounds = 7;

    /// <summary>What was measured: images a second by those of the networks alone, and of two runs by those of one.</summary>
    private const double Share = 1.02, Gain = 1.2;

    /// <summary>The memory of two runs, and of four, by that of one: the weights are in it once.</summary>
    private const double MemoryOfTwo = 1.2, MemoryOfFour = 1.4;

    /// <param name="program">The published <c>blip</c>.</param>
    /// <param name="folder">The full-size model.</param>
    /// <param name="report">Gets the figures.</param>
    public static async Task MeasureAsync(string program, string folder, Report report)
    {
        List<Figures> one = [], two = [], four = [];
        for (int round = 0; round < Rounds; round++)
        {
            one.Add(await RunAsync(program, folder, threads: 2, parallel: 1));
            two.Add(await RunAsync(program, folder, threads: 2, parallel: 2));
        }
        four.Add(await RunAsync(program, folder, threads: 4, parallel: 4));
        foreach (int row in (int[])[0, 1])
        {
            string questions = row == 0 ? "one question each" : "seven questions each";
            double share = Median(one, figures => figures.Share[row]);
            report.AtMost(
                $"many images, {questions}, the networks alone by them", 1 / share, 1.15 / Share, "x", $"a share of {share:0.000}");
            double[] gains = [.. one.Zip(two, (alone, both) => both.Images[row] / alone.Images[row]).Order()];
            report.AtMost(
                $"many images, {questions}, one run by two side by side", 1 / gains[Rounds / 2], 1.15 / Gain, "x",
                $"two give {gains[Rounds / 2]:0.000} ({gains[0]:0.000} to {gains[^1]:0.000}) of one");
            double[] later = [.. one.Zip(two, (alone, both) => alone.Network[row] / both.Network[row]).Order()];
            Report.Show(
                $"many images, {questions}, time of a run with one thread by that with two",
                $"{later[Rounds / 2]:0.00} ({later[0]:0.00} to {later[^1]:0.00})");
        }
        double single = Median(one, figures => figures.Megabytes);
        foreach ((int runs, List<Figures> figures, double measured) in
            (ReadOnlySpan<(int, List<Figures>, double)>)[(2, two, MemoryOfTwo), (4, four, MemoryOfFour)])
        {
            double megabytes = Median(figures, each => each.Megabytes);
            report.AtMost(
                $"memory of {runs} runs by that of one", megabytes / single, 1.15 * measured, "x", $"{megabytes:0} by {single:0} MB");
        }
    }

    private static double Median(List<Figures> figures, Func<Figures, double> value) =>
        figures.Select(value).Order().ElementAt(figures.Count / 2);

    private static async Task<Figures> RunAsync(string program, string folder, int threads, int parallel)
    {
        string[] words =
        [
            "bench", "--throughput", "--quick", "--json", "--device", "cpu", "--precision", "int8", "--model", folder,
            "--threads", threads.ToString(CultureInfo.InvariantCulture), "--parallel", parallel.ToString(CultureInfo.InvariantCulture),
        ];
        using Process process = Process.Start(new ProcessStartInfo(program, words) { RedirectStandardOutput = true })!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        using JsonDocument document = JsonDocument.Parse(output);
        JsonElement[] rows = [.. document.RootElement.GetProperty("bulk").EnumerateArray()];
        return new Figures(
            Of("images_per_s"), Of("network_images_per_s"), Of("share"), document.RootElement.GetProperty("peak_rss_mb").GetDouble());

        double[] Of(string name) => Array.ConvertAll(rows, row => row.GetProperty(name).GetDouble());
    }

    /// <summary>What a process measured: for one question an image, and for seven.</summary>
    private sealed record Figures(double[] Images, double[] Network, double[] Share, double Megabytes);
}
