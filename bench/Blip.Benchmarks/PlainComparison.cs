using System.Diagnostics;
using System.Globalization;
using Blip.Checkpoints;
using Blip.Decoding;
using Blip.Graphs;
using Blip.Images;
using Blip.Networks;
using Blip.Runtime;
using Blip.Text;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Benchmarks;

/// <summary>
/// Compares Blip's networks with <see cref="PlainGraphs"/> on this machine. Both run in one process, one after the other in each round.
/// Answers have two tokens. Decoding and resizing of the image are not measured.
/// </summary>
internal static class PlainComparison
{
    private const int Rounds = 12, FurtherQuestions = 8;

    public static void Run(string folder)
    {
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        int size = checkpoint.Config.Vision.ImageSize;
        BlipImage image = BlipImage.FromFile(Path.Combine(AppContext.BaseDirectory, "dogs.jpg"));
        using PixelTensor pixels = new ImagePreprocessor(size, size).Process(image);
        int[] ids = BertTokenizer.Load(folder).Encode("how many dogs are in the picture?").Ids;
        using Plain plain = new(checkpoint, pixels, ids);
        (string Name, BlipNetwork Network)[] networks =
        [
            ("fp32", new BlipNetwork(checkpoint, new DeviceSelection(BlipDevice.Cpu, BlipPrecision.Fp32), threads: 0, cacheFolder: null)),
            ("int8", new BlipNetwork(checkpoint, new DeviceSelection(BlipDevice.Cpu, BlipPrecision.Int8), threads: 0, cacheFolder: null)),
        ];
        Dictionary<string, List<double>> times = [];
        for (int round = -1; round < Rounds; round++)
        {
            (_, double plainEncode) = Time(plain.Encode);
            (int expected, double plainAsk) = Time(plain.Ask);
            Add("plain first", plainEncode + plainAsk);
            Add("plain further", plainAsk);
            foreach ((string name, BlipNetwork network) in networks)
            {
                (ImageEmbeddings embeddings, double encode) = Time(() => network.Encode(pixels.Writable));
                (int token, double ask) = Time(() => Ask(network, embeddings));
                if (token != expected && name == "fp32")
                    throw new InvalidOperationException("The plain graphs and Blip's graphs give different answers.");
                Add(name + " first", encode + ask);
                for (int i = 0; i < FurtherQuestions; i++)
                    Add(name + " further", Time(() => Ask(network, embeddings)).Milliseconds);
                embeddings.Release();
            }

            void Add(string what, double milliseconds)
            {
                // The first round is a warm-up and does not count.
                if (round >= 0)
                    (times.TryGetValue(what, out List<double>? known) ? known : times[what] = []).Add(milliseconds);
            }
        }
        foreach ((string what, List<double> values) in times)
        {
            double median = Median(values), ratio = Median(times["plain " + what.Split(' ')[1]]) / median;
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-16}{median,9:0.0} ms{ratio,8:0.00}x"));
        }
        foreach ((_, BlipNetwork network) in networks)
            network.Dispose();

        int Ask(BlipNetwork network, ImageEmbeddings embeddings)
        {
            ImageQuestion question = new(embeddings, ids, new LengthLimits(2, 2));
            return network.Ask([question], CancellationToken.None).Answers[0].Tokens[1];
        }
    }

    private static (T Result, double Milliseconds) Time<T>(Func<T> work)
    {
        long start = Stopwatch.GetTimestamp();
        T result = work();
        return (result, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private sealed class Plain : IDisposable
    {
        private readonly WeightStore _weights;
        private readonly GraphSession _vision, _question, _decoder;
        private readonly OrtValue _px, _ids, _positions;
        private readonly int _start;
        private IDisposableReadOnlyCollection<OrtValue>? _embeddings;

        public Plain(Checkpoint checkpoint, PixelTensor pixels, int[] ids)
        {
            _weights = new WeightStore(checkpoint, cache: null);
            PlainGraphs graphs = new(checkpoint.Config);
            _vision = Create(graphs.Vision());
            _question = Create(graphs.Question());
            _decoder = Create(graphs.Decoder(checkpoint.IsHeadTied));
            int size = checkpoint.Config.Vision.ImageSize;
            float[] px = new float[3 * size * size];
            PreprocessorConfig preprocessor = checkpoint.Preprocessor;
            pixels.CopyPixelValues(px, preprocessor.RescaleFactor, [.. preprocessor.ImageMean], [.. preprocessor.ImageStd]);
            _px = OrtValue.CreateTensorValueFromMemory(px, [1, 3, size, size]);
            (_ids, _positions) = Sequence([.. ids.Select(id => (long)id)]);
            _start = checkpoint.Config.Text.BosTokenId;

            GraphSession Create(BlipGraph graph)
            {
                using SessionOptions options = OrtRuntime.CreateOptions(threads: 0);
                return GraphSession.CreateWhole(graph, _weights, options, OrtMemoryInfo.DefaultInstance);
            }
        }

        public IDisposable Encode()
        {
            _embeddings?.Dispose();
            return _embeddings = _vision.Run([_px]);
        }

        public int Ask()
        {
            using IDisposableReadOnlyCollection<OrtValue> states = _question.Run([_embeddings![0], _ids, _positions]);
            int first = Decode(states[0], [_start]);
            Decode(states[0], [_start, first]);
            return first;
        }

        public void Dispose()
        {
            _embeddings?.Dispose();
            _px.Dispose();
            _ids.Dispose();
            _positions.Dispose();
            _vision.Dispose();
            _question.Dispose();
            _decoder.Dispose();
            _weights.Dispose();
        }

        private int Decode(OrtValue states, long[] answer)
        {
            (OrtValue ids, OrtValue positions) = Sequence(answer);
            float[] mask = new float[answer.Length * answer.Length];
            for (int i = 0; i < mask.Length; i++)
                mask[i] = i % answer.Length > i / answer.Length ? QuestionPack.Masked : 0;
            using (ids)
            using (positions)
            using (OrtValue maskValue = OrtValue.CreateTensorValueFromMemory(mask, [answer.Length, answer.Length]))
            using (IDisposableReadOnlyCollection<OrtValue> logits = _decoder.Run([states, maskValue, ids, positions]))
            {
                ReadOnlySpan<float> last = logits[0].GetTensorDataAsSpan<float>();
                return new TokenDistribution(last[^(last.Length / answer.Length)..], banned: -1).Likeliest;
            }
        }

        private static (OrtValue Ids, OrtValue Positions) Sequence(long[] ids)
        {
            long[] positions = [.. Enumerable.Range(0, ids.Length).Select(i => (long)i)];
            long[] shape = [1, ids.Length];
            return (OrtValue.CreateTensorValueFromMemory(ids, shape), OrtValue.CreateTensorValueFromMemory(positions, shape));
        }
    }
}
