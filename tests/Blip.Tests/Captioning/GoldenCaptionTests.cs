using System.Text.Json;
using Blip.Checkpoints;
using Blip.Networks;
using Xunit;

namespace Blip.Tests.Captioning;

/// <summary>The reference captioners against the values of transformers on PyTorch.</summary>
public class GoldenCaptionTests
{
    private const float LogProbability = 1e-3f;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Models => ["caption", "caption-lively", "caption-wide"];

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Caption_EveryCase_IsThatOfTransformers(string name)
    {
        await using BlipCaptioner model = await BlipCaptioner.LoadAsync(GoldenModels.Folder(name), Stop);
        foreach (JsonElement c in Cases(name))
            AssertCaption(c, await CaptionAsync(model, c));
    }

    /// <summary>Captions of several images share runs, and each is what its image gives alone.</summary>
    [Theory]
    [MemberData(nameof(Models))]
    public async Task Caption_AllAtOnce_AreThoseOfTransformers(string name)
    {
        await using BlipCaptioner model = await BlipCaptioner.LoadAsync(GoldenModels.Folder(name), Stop);
        JsonElement[] cases = Cases(name);
        Caption[] captions = await Task.WhenAll(cases.Select(c => CaptionAsync(model, c)));
        Assert.All(cases.Zip(captions), both => AssertCaption(both.First, both.Second));
    }

    [Theory]
    [InlineData("caption-lively")]
    [InlineData("caption-wide")]
    public async Task Beams_EveryCase_AreThoseOfTransformers(string name)
    {
        await using BlipCaptioner model = await BlipCaptioner.LoadAsync(GoldenModels.Folder(name), Stop);
        (JsonElement Case, JsonElement Beams)[] cases = [.. Cases(name)
            .Where(c => c.TryGetProperty("beams", out _))
            .SelectMany(c => c.GetProperty("beams").EnumerateArray().Select(beams => (c, beams)))];
        Assert.InRange(cases.Length, 20, 100);
        Caption[] captions = await Task.WhenAll(
            cases.Select(one => CaptionAsync(model, one.Case, Options(one.Beams.GetProperty("options")))));
        foreach (((JsonElement _, JsonElement expected), Caption caption) in cases.Zip(captions))
        {
            IEnumerable<int[]> sequences = expected.GetProperty("sequences").EnumerateArray()
                .Select(ids => ids.EnumerateArray().Select(id => id.GetInt32()).ToArray());
            Assert.Equal(sequences, caption.Sequences.Select(one => one.TokenIds.ToArray()));
            Assert.All(
                expected.GetProperty("scores").EnumerateArray().Zip(caption.Sequences),
                both => Assert.Equal(both.First.GetDouble(), both.Second.Score, LogProbability));
            Assert.Equal(caption.Text, caption.Sequences[0].Text);
            Assert.Equal(caption.TokenIds, caption.Sequences[0].TokenIds);
        }

        static CaptionOptions Options(JsonElement options) => new()
        {
            Beams = options.GetProperty("num_beams").GetInt32(),
            MaxNewTokens = options.GetProperty("max_new_tokens").GetInt32(),
            Best = options.TryGetProperty("num_return_sequences", out JsonElement best) ? best.GetInt32() : 1,
            LengthPenalty = options.TryGetProperty("length_penalty", out JsonElement penalty) ? penalty.GetDouble() : 1,
        };
    }

    /// <summary>Packing the weights anew, while captions are made, changes none.</summary>
    [Fact]
    public async Task Caption_PackedWeights_AreThoseOfTransformers()
    {
        BlipOptions options = new() { Model = GoldenModels.Folder("caption-wide"), PackWeights = true };
        await using BlipCaptioner model = await BlipCaptioner.LoadAsync(options, cancellationToken: Stop);
        for (int round = 0; round < 3; round++)
        {
            foreach (JsonElement c in Cases("caption-wide"))
                AssertCaption(c, await CaptionAsync(model, c));
        }
    }

    /// <summary>What a GPU runs in fp16, on the CPU.</summary>
    [Theory]
    [InlineData("caption-lively")]
    [InlineData("caption-wide")]
    public void Logits_Fp16Graphs_DifferLittle(string name)
    {
        using Checkpoint checkpoint = Checkpoint.Open(GoldenModels.Folder(name));
        using CaptioningNetwork fp32 = Create(checkpoint, BlipPrecision.Fp32), fp16 = Create(checkpoint, BlipPrecision.Fp16);
        float[] expected = Probe(fp32, checkpoint), found = Probe(fp16, checkpoint);
        double difference = expected.Zip(found, (a, b) => Math.Pow(a - (double)b, 2)).Sum(), length = expected.Sum(a => Math.Pow(a, 2));
        Assert.InRange(Math.Sqrt(difference / length), 0, 0.02);
    }

    [Fact]
    public async Task Caption_Limits_AreKept()
    {
        await using BlipCaptioner model = await BlipCaptioner.LoadAsync(GoldenModels.Folder("caption-lively"), Stop);
        BlipImage image = BlipImage.FromFile(GoldenModels.ImagePath(0));
        Caption whole = await model.CaptionAsync(image, "a picture of", cancellationToken: Stop);
        Assert.True(whole.IsComplete);
        Caption least = await model.CaptionAsync(
            image, "a picture of", new CaptionOptions { MinNewTokens = 6, MaxNewTokens = 8 }, cancellationToken: Stop);
        Assert.InRange(least.TokenLogProbabilities.Count, 6, 8);
        Assert.Equal(whole.TokenIds.Take(4), least.TokenIds.Take(4));
        Caption one = await model.CaptionAsync(image, null, new CaptionOptions { MaxNewTokens = 1 }, cancellationToken: Stop);
        Assert.Equal((2, 1, false), (one.TokenIds.Count, one.TokenLogProbabilities.Count, one.IsComplete));

        // The model has 96 positions.
        string prompt = string.Join(' ', Enumerable.Repeat("a", 90));
        Caption full = await model.CaptionAsync(
            image, prompt, new CaptionOptions { MinNewTokens = 50, MaxNewTokens = 50 }, cancellationToken: Stop);
        Assert.Equal((97, 6), (full.TokenIds.Count, full.TokenLogProbabilities.Count));
        BlipException error = await Assert.ThrowsAsync<BlipException>(
            () => model.CaptionAsync(image, prompt + " a a a a a", cancellationToken: Stop));
        Assert.Equal(BlipErrorCode.QuestionTooLong, error.Code);
        Assert.Contains("94 tokens", error.Message, StringComparison.Ordinal);
        error = await Assert.ThrowsAsync<BlipException>(
            () => model.CaptionAsync(image, null, new CaptionOptions { MaxNewTokens = 0 }, cancellationToken: Stop));
        Assert.Equal(BlipErrorCode.InvalidRequest, error.Code);
    }

    private static JsonElement[] Cases(string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(GoldenModels.Folder(name), "cases.json")));
        return [.. document.RootElement.GetProperty("cases").EnumerateArray().Select(c => c.Clone())];
    }

    private static Task<Caption> CaptionAsync(BlipCaptioner model, JsonElement c, CaptionOptions? options = null)
    {
        BlipImage image = BlipImage.FromFile(GoldenModels.ImagePath(c.GetProperty("picture").GetInt32()));
        return model.CaptionAsync(image, c.GetProperty("prompt").GetString(), options, Stop);
    }

    private static void AssertCaption(JsonElement c, Caption caption)
    {
        bool hasValues = c.TryGetProperty("token_ids", out JsonElement ids);
        if (!hasValues)
            ids = c.GetProperty("greedy20");
        Assert.Equal(ids.EnumerateArray().Select(id => id.GetInt32()), caption.TokenIds);
        Assert.Equal(c.GetProperty("text").GetString(), caption.Text);
        if (!hasValues)
            return;
        float[] expected = [.. c.GetProperty("token_logprobs").EnumerateArray().Select(value => value.GetSingle())];
        Assert.Equal(expected.Length, caption.TokenLogProbabilities.Count);
        Assert.All(expected.Zip(caption.TokenLogProbabilities), both => Assert.Equal(both.First, both.Second, LogProbability));
    }

    private static CaptioningNetwork Create(Checkpoint checkpoint, BlipPrecision precision)
    {
        CaptioningNetwork network = new(DemoNetwork.Sessions(checkpoint, precision));
        network.Prepare();
        return network;
    }

    private static float[] Probe(CaptioningNetwork network, Checkpoint checkpoint)
    {
        int size = checkpoint.Config.Vision.ImageSize;
        byte[] pixels = new byte[size * size * 3];
        new Random(1).NextBytes(pixels);
        ImageEmbeddings embeddings = network.Encode(pixels, Stop);
        float[] logits = network.ProbeLogits(embeddings, [2, 47, 363, 3]);
        embeddings.Release();
        return logits;
    }
}
