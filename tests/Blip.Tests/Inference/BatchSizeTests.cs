using System.Text.Json;
using Blip.Checkpoints;
using Blip.Decoding;
using Blip.Imaging;
using Blip.Inference;
using Blip.Text;
using Xunit;

namespace Blip.Tests.Inference;

/// <summary>In every precision, a question in a run of any size is answered as it is alone.</summary>
public class BatchSizeTests
{
    private const int Questions = 48;
    private static readonly int[] Sizes = [2, 3, 4, 5, 8, 16, 17, 33, 48];

    /// <param name="precision">The precision.</param>
    /// <param name="tolerance">The most that a log-probability may differ from the one found alone. In int8 a last digit can turn the rounding of an activation.</param>
    [Theory]
    [InlineData(BlipPrecision.Fp32, 1e-4)]
    [InlineData(BlipPrecision.Fp16, 1e-4)]
    [InlineData(BlipPrecision.Int8, 1e-2)]
    public void Ask_RunsOfAnySize_AnswerAsEachAlone(BlipPrecision precision, double tolerance)
    {
        using Checkpoint checkpoint = Checkpoint.Open(TestPaths.DemoModel);
        using BlipNetwork network = new(checkpoint, new DeviceSelection(BlipDevice.Cpu, precision), threads: 2, cacheFolder: "");
        Dictionary<string, PictureMemory> memories = [];
        PictureQuestion[] questions = [.. Read(checkpoint, network, memories)];
        FoundAnswer[] alone = [.. questions.Select(question => network.Ask([question], TestContext.Current.CancellationToken).Answers[0])];
        double worst = 0;
        foreach (int size in Sizes)
        {
            FoundAnswer[] together = [.. questions.Chunk(size).SelectMany(run => network.Ask(run, TestContext.Current.CancellationToken).Answers)];
            for (int i = 0; i < questions.Length; i++)
            {
                Assert.Equal(alone[i].Tokens, together[i].Tokens);
                for (int token = 0; token < alone[i].LogProbabilities.Count; token++)
                    worst = Math.Max(worst, Math.Abs(alone[i].LogProbabilities[token] - together[i].LogProbabilities[token]));
            }
        }
        TestContext.Current.SendDiagnosticMessage($"{precision}: log-probabilities differ by {worst:0.0000000} at most");
        Assert.InRange(worst, 0, tolerance);
        foreach (PictureMemory memory in memories.Values)
            memory.Release();
    }

    private static IEnumerable<PictureQuestion> Read(Checkpoint checkpoint, BlipNetwork network, Dictionary<string, PictureMemory> memories)
    {
        BertTokenizer tokenizer = BertTokenizer.Load(TestPaths.DemoModel);
        ImagePreprocessor preprocessor = new(checkpoint.Config.Vision.ImageSize, checkpoint.Config.Vision.ImageSize);
        foreach (string line in File.ReadLines(TestPaths.Golden("demo", "questions.jsonl")).Take(Questions))
        {
            using JsonDocument question = JsonDocument.Parse(line);
            string image = question.RootElement.GetProperty("image").GetString()!;
            if (!memories.TryGetValue(image, out PictureMemory? memory))
            {
                using PixelTensor pixels = preprocessor.Process(Picture.FromFile(TestPaths.Golden("demo", image)));
                memories.Add(image, memory = network.Look(pixels.Writable));
            }
            yield return new PictureQuestion(memory, tokenizer.Encode(question.RootElement.GetProperty("question").GetString()!).Ids, new LengthLimits(0, 20));
        }
    }
}
