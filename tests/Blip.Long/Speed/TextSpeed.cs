using System.Diagnostics;
using Blip.Checkpoints;
using Blip.Decoding;
using Blip.Long.Crowd;
using Blip.Networks;
using Blip.Runtime;
using Blip.Text;

namespace Blip.Long.Speed;

/// <summary>
/// What questions on an encoded image take, beside the least that it could be on this machine: every product at the measured peak of its
/// type, and the weights of each pass read once at the measured speed of memory. And whether a token takes longer when many came before.
/// </summary>
internal static class TextSpeed
{
    private const int Rounds = 9, Questions = 16, Tokens = 2, LongTokens = 100, LongRounds = 5;

    public static void Measure(string folder, BlipPrecision precision, Report report)
    {
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        int[] ids = BertTokenizer.Load(folder).Encode(CrowdModel.Question).Ids;
        using QuestionAnsweringNetwork network = new(new SessionFactory(checkpoint, new DeviceSelection(BlipDevice.Cpu, precision)));
        network.Prepare();
        using MatrixPeak matrix = new(threads: 0, int8: false), bytes = new(threads: 0, int8: true);
        using MemoryPeak memory = new(threads: 0);
        int size = checkpoint.Config.Vision.ImageSize;
        ImageEmbeddings image = network.Encode(new byte[3 * size * size], CancellationToken.None);
        // Enough for the image's keys and values, and to read the file into memory.
        for (int i = 0; i < 3; i++)
        {
            Ask(Questions, Tokens);
            Ask(1, LongTokens / 4);
        }

        double gflops = 0, gops = 0, gigabytes = 0;
        List<double> further = [], sixteen = [];
        for (int round = 0; round < Rounds; round++)
        {
            gflops = Math.Max(gflops, matrix.Measure());
            gops = Math.Max(gops, bytes.Measure());
            gigabytes = Math.Max(gigabytes, memory.Measure());
            for (int i = 0; i < 4; i++)
                further.Add(Ask(1, Tokens)[^1]);
            sixteen.Add(Ask(Questions, Tokens)[^1]);
        }
        Floor floor = new(checkpoint.Config, ids.Length, precision == BlipPrecision.Int8);
        Report.Show($"peaks, {precision}", $"{gflops:0} GFLOPS, {gops:0} GOPS in int8, {gigabytes:0.0} GB/s");
        double reading = floor.ReadingMilliseconds(gigabytes);
        double least = Math.Max(reading, floor.ProductMilliseconds(Questions, gflops, precision == BlipPrecision.Int8 ? gops : gflops));
        // The goals are what was measured (docs/performance.md), and 15 % more.
        (double furtherGoal, double sixteenGoal, double longGoal, double sixteenLongGoal) =
            precision == BlipPrecision.Int8 ? (2.7, 4.1, 1.25, 2.2) : (1.42, 1.86, 1.2, 1.5);
        double one = CrowdModel.Median(further), all = CrowdModel.Median(sixteen);
        report.AtMost(
            $"further question, {precision}", one / reading, furtherGoal, "x", $"{one:0.0} ms; reading its weights {reading:0.0} ms");
        report.AtMost(
            $"{Questions} questions, {precision}", all / least, sixteenGoal, "x", $"{all:0.0} ms; the larger floor {least:0.0} ms");

        foreach ((int questions, double goal) in ((int, double)[])[(1, longGoal), (Questions, sixteenLongGoal)])
        {
            List<double> first = [], last = [];
            for (int round = 0; round < LongRounds; round++)
            {
                double[] steps = Ask(questions, LongTokens);
                first.Add((steps[10] - steps[0]) / 10);
                last.Add((steps[^2] - steps[^12]) / 10);
            }
            double before = CrowdModel.Median(first), after = CrowdModel.Median(last);
            report.AtMost($"last ten of {LongTokens} tokens against the first, {questions} at once, {precision}", after / before, goal, "x",
                $"{after:0.0} and {before:0.0} ms a token");
        }
        image.Release();

        double[] Ask(int questions, int tokens)
        {
            Clock clock = new();
            ImageQuestion question = new(image, ids, new AnswerLimits(tokens, tokens));
            network.Ask([.. Enumerable.Repeat(question, questions)], clock, CancellationToken.None);
            return clock.Stop();
        }
    }

    /// <summary>
    /// What answers on an image with keys and values need at least: one pass of the encoder, and one of the decoder a token.
    /// </summary>
    private sealed class Floor(BlipConfig config, int questionTokens, bool int8)
    {
        private readonly double _layers = config.Text.NumHiddenLayers, _width = config.Text.HiddenSize;

        private double Layers => _layers * ((6 * _width * _width) + (2 * _width * config.Text.IntermediateSize));

        private double EncoderWeights => Layers + (2 * _layers * _width * _width);

        private double DecoderWeights => Layers + (_width * _width) + (config.Text.VocabSize * _width);

        public double ReadingMilliseconds(double gigabytesPerSecond) =>
            (EncoderWeights + (Tokens * DecoderWeights)) * (int8 ? 1 + (4 / 128.0) : 4) / gigabytesPerSecond / 1e6;

        public double ProductMilliseconds(int questions, double gflops, double productGops)
        {
            double rows = questions * questionTokens, attended = config.Vision.TokenCount + questionTokens;
            double products = 2 * ((rows * EncoderWeights) + (questions * Tokens * DecoderWeights));
            return ((products / productGops) + (4 * _layers * rows * attended * _width / gflops)) / 1e6;
        }
    }

    /// <summary>Notes when each pass was done, in milliseconds, and when all was.</summary>
    private sealed class Clock : IAnswerListener
    {
        private readonly long _start = Stopwatch.GetTimestamp();
        private readonly List<double> _passes = [];

        public double[] Stop() => [.. _passes, Stopwatch.GetElapsedTime(_start).TotalMilliseconds];

        public void Encoded(TimeSpan took)
        {
        }

        public bool IsWanted(int answer) => true;

        public void Found(int answer, FoundAnswer found)
        {
        }

        public void StepDone(bool isLong) => _passes.Add(Stopwatch.GetElapsedTime(_start).TotalMilliseconds);
    }
}
