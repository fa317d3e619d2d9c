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
/// Blip's networks against <see cref="PlainGraphs"/> in one process, turn by turn: what its graphs are worth on this machine. Two tokens an
/// answer, decoding and resizing left out.
/// </summary>
internal static class PlainComparison
{
    private const int Rounds = 12, FurtherQuestions = 8;

    public static void Run(string folder)
    {
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        using PixelTensor pixels = new ImagePreprocessor(checkpoint.Config.Vision.ImageSize, checkpoint.Config.Vision.ImageSize)
            .Process(BlipImage.FromFile(Path.Combine(AppContext.BaseDirectory, "dogs.jpg")));
        int[] ids = BertTokenizer.Load(folder).Encode("how many dogs are in the picture?").Ids;
        using Plain plain = new(checkpoint, pixels, ids);
        (string Name, QuestionAnsweringNetwork Network)[] networks =
            [("fp32", Create(BlipPrecision.Fp32)), ("int8", Create(BlipPrecision.Int8))];
        Dictionary<string, List<double>> times = [];
        for (int round = -1; round < Rounds; round++)
        {
            (_, double encode) = Time(plain.Encode);
            (int expected, double ask) = Time(plain.Ask);
            Add("plain first", encode + ask);
            Add("plain further", ask);
            foreach ((string name, QuestionAnsweringNetwork network) in networks)
            {
                (ImageEmbeddings embeddings, double encoded) = Time(() => network.Encode(pixels.Writable, CancellationToken.None));
                (int token, double asked) = Time(() => Ask(network, embeddings));
                if (token != expected && name == "fp32")
                    throw new InvalidOperationException("The plain graphs and Blip's do not answer alike.");
                Add(name + " first", encoded + asked);
                for (int i = 0; i < FurtherQuestions; i++)
                    Add(name + " further", Time(() => Ask(network, embeddings)).Milliseconds);
                embeddings.Release();
            }

            void Add(string what, double milliseconds)
            {
                // The first round warms up.
                if (round >= 0)
                    (times.TryGetValue(what, out List<double>? known) ? known : times[what] = []).Add(milliseconds);
            }
        }
        foreach ((string what, List<double> values) in times)
        {
            double median = Median(values), ratio = Median(times["plain " + what.Split(' ')[1]]) / median;
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-16}{median,9:0.0} ms{ratio,8:0.00}x"));
        }
        foreach ((_, QuestionAnsweringNetwork network) in networks)
            network.Dispose();

        QuestionAnsweringNetwork Create(BlipPrecision precision)
        {
            QuestionAnsweringNetwork network = new(new SessionFactory(checkpoint, new DeviceSelection(BlipDevice.Cpu, precision)));
            network.Prepare();
            return network;
        }

        int Ask(QuestionAnsweringNetwork network, ImageEmbeddings embeddings)
        {
            FirstToken answer = new();
            network.Ask([new ImageQuestion(embeddings, ids, new AnswerLimits(2, 2))], answer, CancellationToken.None);
            return answer.Token;
        }
    }

    /// <summary>Keeps the first token of one answer.</summary>
    private sealed class FirstToken : IAnswerListener
    {
        public int Token { get; private set; }

        public void Encoded(TimeSpan took)
        {
        }

        public bool IsWanted(int answer) => true;

        public void Found(int answer, FoundAnswer found) => Token = found.Tokens[1];

        public void StepDone(bool isLong)
        {
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
        private readonly RunControl _control = new(CancellationToken.None);
        private readonly WeightStore _weights;
        private readonly GraphSession _vision, _question, _decoder;
        private readonly OrtValue _px, _ids, _positions;
        private readonly int _start;
        private IDisposableReadOnlyCollection<OrtValue>? _embeddings;

        public Plain(Checkpoint checkpoint, PixelTensor pixels, int[] ids)
        {
            _weights = new WeightStore(checkpoint, cache: null);
            PlainGraphs graphs = new(checkpoint.Config);
            (_vision, _question) = (Create(graphs.Vision()), Create(graphs.Question()));
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
            return _embeddings = _vision.Run([_px], _control);
        }

        public int Ask()
        {
            using IDisposableReadOnlyCollection<OrtValue> states = _question.Run([_embeddings![0], _ids, _positions], _control);
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
            _control.Dispose();
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
            using (IDisposableReadOnlyCollection<OrtValue> logits = _decoder.Run([states, maskValue, ids, positions], _control))
            {
                ReadOnlySpan<float> last = logits[0].GetTensorDataAsSpan<float>();
                return new TokenDistribution(last[^(last.Length / answer.Length)..], banned: -1).Likeliest;
            }
        }

        private static (OrtValue Ids, OrtValue Positions) Sequence(long[] ids)
        {
            long[] positions = [.. Enumerable.Range(0, ids.Length).Select(i => (long)i)];
            return (OrtValue.CreateTensorValueFromMemory(ids, [1, ids.Length]),
                OrtValue.CreateTensorValueFromMemory(positions, [1, ids.Length]));
        }
    }
}
