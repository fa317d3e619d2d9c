using System.Text.Json;
using Blip.Checkpoints;
using Blip.Decoding;
using Blip.Images;
using Blip.Networks;
using Blip.Runtime;
using Blip.Text;
using Xunit;

namespace Blip.Tests;

/// <summary>The demo model's network on the CPU in one precision, and the questions of its evaluation set.</summary>
internal sealed class DemoNetwork : IDisposable
{
    private readonly Checkpoint _checkpoint = Checkpoint.Open(TestPaths.DemoModel);
    private readonly QuestionAnsweringNetwork _network;
    private readonly Dictionary<string, ImageEmbeddings> _embeddings = [];

    public DemoNetwork(BlipPrecision precision) =>
        _network = Create(_checkpoint, precision);

    public BertTokenizer Tokenizer { get; } = BertTokenizer.Load(TestPaths.DemoModel);

    /// <summary>The lines of a file of the evaluation set.</summary>
    public static IEnumerable<JsonElement> Lines(string file) =>
        File.ReadLines(TestPaths.Golden("demo", file)).Select(line => JsonDocument.Parse(line).RootElement.Clone());

    /// <summary>The first questions of the set with their encoded images. Each image is encoded once.</summary>
    public IEnumerable<ImageQuestion> Questions(int count)
    {
        int size = _checkpoint.Config.Vision.ImageSize;
        ImagePreprocessor preprocessor = new(size, size);
        foreach (JsonElement question in Lines("questions.jsonl").Take(count))
        {
            string image = question.GetProperty("image").GetString()!;
            if (!_embeddings.TryGetValue(image, out ImageEmbeddings? embeddings))
            {
                using PixelTensor pixels = preprocessor.Process(BlipImage.FromFile(TestPaths.Golden("demo", image)));
                _embeddings.Add(image, embeddings = _network.Encode(pixels.Writable, TestContext.Current.CancellationToken));
            }
            int[] ids = Tokenizer.Encode(question.GetProperty("question").GetString()!).Ids;
            yield return new ImageQuestion(embeddings, ids, new AnswerLimits(0, 20));
        }
    }

    public FoundAnswer[] Ask(params ImageQuestion[] questions)
    {
        Answers found = new(questions.Length);
        _network.Ask(questions, found, TestContext.Current.CancellationToken);
        return found.Found;
    }

    /// <summary>A network that keeps nothing between starts.</summary>
    public static QuestionAnsweringNetwork Create(Checkpoint checkpoint, BlipPrecision precision)
    {
        QuestionAnsweringNetwork network = new(Sessions(checkpoint, precision));
        network.Prepare();
        return network;
    }

    /// <summary>Sessions of a network that keeps nothing between starts.</summary>
    public static SessionFactory Sessions(Checkpoint checkpoint, BlipPrecision precision) =>
        new(checkpoint, new DeviceSelection(BlipDevice.Cpu, precision), threads: 2, cacheFolder: "");

    public void Dispose()
    {
        foreach (ImageEmbeddings embeddings in _embeddings.Values)
            embeddings.Release();
        _network.Dispose();
        _checkpoint.Dispose();
    }

    private sealed class Answers(int count) : IAnswerListener
    {
        public FoundAnswer[] Found { get; } = new FoundAnswer[count];

        public void Encoded(TimeSpan took)
        {
        }

        public bool IsWanted(int answer) => true;

        void ISearchListener.Found(int answer, FoundAnswer found) => Found[answer] = found;

        public void StepDone(bool isLong)
        {
        }
    }
}
