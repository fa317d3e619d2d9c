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
        // The goals are the highest ratios that were measured (docs/performance.md), and 15 % more.
        (double furtherGoal, double sixteenGoal, double longGoal, double answersGoal, double captionsGoal) =
            precision == BlipPrecision.Int8 ? (2.75, 4.1, 1.25, 1.83, 1.32) : (1.45, 1.9, 1.22, 1.38, 1.22);
        double one = CrowdModel.Median(further), all = CrowdModel.Median(sixteen);
        report.AtMost(
            $"further question, {precision}", one / reading, furtherGoal, "x", $"{one:0.0} ms; reading its weights {reading:0.0} ms");
        report.AtMost(
            $"{Questions} questions, {precision}", all / least, sixteenGoal, "x", $"{all:0.0} ms; the larger floor {least:0.0} ms");

        Lengthen("answers", Questions, Ask, answersGoal);
        image.Release();

        using TempCaptioner captioner = new(folder);
        using Checkpoint captions = Checkpoint.Open(captioner.Folder);
        using CaptioningNetwork writer = new(new SessionFactory(captions, new DeviceSelection(BlipDevice.Cpu, precision)));
        writer.Prepare();
        image = writer.Encode(new byte[3 * size * size], CancellationToken.None);
        Lengthen("captions", writer.MaxCaptions, Caption, captionsGoal);
        image.Release();

        // Whether the last tokens of long texts take longer than the first: of one text, and of the most that share a run.
        void Lengthen(string what, int most, Func<int, int, double[]> write, double mostGoal)
        {
            foreach ((int count, double goal) in ((int, double)[])[(1, longGoal), (most, mostGoal)])
            {
                List<double> first = [], last = [];
                for (int round = 0; round < LongRounds; round++)
                {
                    double[] steps = write(count, LongTokens);
                    first.Add((steps[10] - steps[0]) / 10);
                    last.Add((steps[^2] - steps[^12]) / 10);
                }
                double before = CrowdModel.Median(first), after = CrowdModel.Median(last);
                report.AtMost($"last ten of {LongTokens} tokens against the first, {count} {what} at once, {precision}", after / before,
                    goal, "x", $"{after:0.0} and {before:0.0} ms a token");
            }
        }

        double[] Caption(int count, int tokens)
        {
            Clock clock = new();
            ImageCaption caption = new(image, [], new AnswerLimits(tokens, tokens), Beams: null);
            writer.Caption([.. Enumerable.Repeat(caption, count)], clock, CancellationToken.None);
            return clock.Stop();
        }

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

    /// <summary>The checkpoint as one that writes captions: its decoder attends to the image instead of a question.</summary>
    private sealed class TempCaptioner : IDisposable
    {
        public TempCaptioner(string folder)
        {
            foreach (string file in Directory.GetFiles(folder).Where(file => Path.GetFileName(file) != "config.json"))
                File.CreateSymbolicLink(Path.Combine(Folder, Path.GetFileName(file)), Path.GetFullPath(file));
            string config = File.ReadAllText(Path.Combine(folder, "config.json"));
            File.WriteAllText(
                Path.Combine(Folder, "config.json"),
                config.Replace("BlipForQuestionAnswering", "BlipForConditionalGeneration", StringComparison.Ordinal));
        }

        public string Folder { get; } = Directory.CreateTempSubdirectory("blip-").FullName;

        public void Dispose() => Directory.Delete(Folder, recursive: true);
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
