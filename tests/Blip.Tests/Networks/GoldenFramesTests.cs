using System.Text.Json;
using Blip.Checkpoints;
using Blip.Networks;
using Blip.Runtime;
using Microsoft.ML.OnnxRuntime;
using Xunit;
using static Blip.Tests.GoldenModels;

namespace Blip.Tests.Networks;

/// <summary>Questions about several frames, against what transformers gives for their states end to end.</summary>
public class GoldenFramesTests
{
    private const double LogProbability = 1e-3;

    [Fact]
    public async Task Ask_EveryCase_IsWhatTransformersAnswers()
    {
        await using BlipModel model = await BlipModel.LoadAsync(Folder("base"), TestContext.Current.CancellationToken);
        foreach (JsonElement c in VideoCases())
            AssertEqual(c, await model.AskAsync(Image(c), Question(c), cancellationToken: TestContext.Current.CancellationToken));
    }

    /// <summary>Asked often enough, the frames' keys and values are kept: answers stay the same.</summary>
    [Fact]
    public async Task Ask_ProjectedFrames_AnswerAsAbsorbedOnes()
    {
        await using BlipModel model = await BlipModel.LoadAsync(Folder("base"), TestContext.Current.CancellationToken);
        foreach (IGrouping<string, JsonElement> frames in VideoCases().GroupBy(c => c.GetProperty("frames").GetRawText()))
        {
            BlipImage image = Image(frames.First());
            using EncodedImage encoded = await model.EncodeAsync(image, TestContext.Current.CancellationToken);
            long alone = encoded.Bytes;
            for (int i = 0; i < 100 && encoded.Bytes == alone; i++)
                await model.AskAsync(encoded, [.. frames.Select(Question)], cancellationToken: TestContext.Current.CancellationToken);
            Assert.True(encoded.Bytes > alone);
            foreach (JsonElement c in frames)
                AssertEqual(c, await model.AskAsync(encoded, Question(c), cancellationToken: TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task Frames_OfWhichOneIsKnown_AreEncodedOnceEach()
    {
        await using BlipModel model = await BlipModel.LoadAsync(Folder("base"), TestContext.Current.CancellationToken);
        BlipImage one = BlipImage.FromFile(ImagePath(0)), two = BlipImage.FromFile(ImagePath(1));
        await model.AskAsync(one, "what?", cancellationToken: TestContext.Current.CancellationToken);
        long alone = model.Cache.Bytes;
        BlipImage frames = BlipImage.FromFrames([one, two]);
        Answer first = await model.AskAsync(frames, "what?", cancellationToken: TestContext.Current.CancellationToken);
        Answer again = await model.AskAsync(
            BlipImage.FromFrames([one, two]), "what?", cancellationToken: TestContext.Current.CancellationToken);
        // The two frames, and both end to end.
        Assert.Equal(4 * alone, model.Cache.Bytes);
        Assert.NotNull(first.Timing.Vision);
        Assert.Null(again.Timing.Vision);
        Assert.Equal(first.TokenIds, again.TokenIds);
    }

    /// <summary>In fp16 embeddings stay where they were computed, and are joined there, as on a GPU.</summary>
    [Fact]
    public void Join_WhereEmbeddingsStay_LaysThemEndToEnd()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Folder("base"));
        using QuestionAnsweringNetwork network = new(
            new SessionFactory(checkpoint, new DeviceSelection(BlipDevice.Cpu, BlipPrecision.Fp16)));
        int side = checkpoint.Config.Vision.ImageSize;
        ImageEmbeddings[] frames =
            [.. ((byte[])[10, 90, 200]).Select(value => network.Encode(Enumerable.Repeat(value, side * side * 3).ToArray(), default))];
        ImageEmbeddings joined = network.Join(frames, TestContext.Current.CancellationToken);
        Assert.Equal(3, joined.Frames);
        Assert.Equal(3 * frames[0].Bytes, joined.Bytes);
        Assert.Equal(
            frames.SelectMany(frame => frame.Value.GetTensorDataAsSpan<Float16>().ToArray()),
            joined.Value.GetTensorDataAsSpan<Float16>().ToArray());
        Array.ForEach(frames, frame => frame.Release());
        joined.Release();
    }

    [Fact]
    public async Task Caption_OfFrames_IsRefused()
    {
        await using BlipCaptioner captioner = await BlipCaptioner.LoadAsync(cancellationToken: TestContext.Current.CancellationToken);
        BlipImage frames = BlipImage.FromFrames([BlipImage.FromFile(ImagePath(0)), BlipImage.FromFile(ImagePath(1))]);
        BlipException refused = await Assert.ThrowsAsync<BlipException>(
            () => captioner.CaptionAsync(frames, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(BlipErrorCode.InvalidRequest, refused.Code);
        Assert.Throws<ArgumentException>(() => BlipImage.FromFrames([]));
        Assert.Throws<ArgumentException>(() => BlipImage.FromFrames([frames]));
    }

    private static JsonElement[] VideoCases() =>
        [.. JsonElement.Parse(File.ReadAllBytes(Path.Combine(Folder("video"), "cases.json"))).GetProperty("cases").EnumerateArray()];

    private static BlipImage Image(JsonElement c) =>
        BlipImage.FromFrames([.. Ints(c.GetProperty("frames")).Select(i => BlipImage.FromFile(ImagePath(i)))]);

    private static string Question(JsonElement c) => c.GetProperty("question").GetString()!;

    private static void AssertEqual(JsonElement c, Answer answer)
    {
        Assert.Equal(Ints(c.GetProperty("token_ids")), answer.TokenIds);
        float[] expected = [.. c.GetProperty("token_logprobs").EnumerateArray().Select(v => v.GetSingle())];
        Assert.Equal(expected.Length, answer.TokenLogProbabilities.Count);
        Assert.All(expected.Zip(answer.TokenLogProbabilities), pair => Assert.Equal(pair.First, pair.Second, LogProbability));
    }

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(v => v.GetInt32())];
}
