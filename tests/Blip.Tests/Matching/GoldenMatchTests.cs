using System.Text.Json;
using Blip.Checkpoints;
using Blip.Networks;
using Xunit;

namespace Blip.Tests.Matching;

/// <summary>The reference model that matches images and texts, against the values of transformers on PyTorch.</summary>
public class GoldenMatchTests
{
    private const double Absolute = 5e-4;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static JsonElement[] Cases { get; } =
    [
        .. JsonDocument.Parse(File.ReadAllBytes(Path.Combine(GoldenModels.Folder("matching"), "cases.json")))
            .RootElement.GetProperty("cases").EnumerateArray(),
    ];

    [Fact]
    public async Task Match_EveryCase_IsThatOfTransformers()
    {
        await using BlipMatcher model = await BlipMatcher.LoadAsync(GoldenModels.Folder("matching"), Stop);
        // More than once: later texts go to the image's projected keys and values.
        for (int round = 0; round < 3; round++)
        {
            foreach (JsonElement c in Cases)
                AssertMatch(c, await model.MatchAsync(Image(c), Text(c), Stop));
        }
    }

    /// <summary>Texts about several images share runs, and each match is what it is alone.</summary>
    [Fact]
    public async Task Match_AllAtOnce_AreThoseOfTransformers()
    {
        await using BlipMatcher model = await BlipMatcher.LoadAsync(GoldenModels.Folder("matching"), Stop);
        IGrouping<int, JsonElement>[] images = [.. Cases.GroupBy(c => c.GetProperty("picture").GetInt32())];
        TextMatch[][] matches = await Task.WhenAll(images.Select(
            image => model.MatchAsync(Image(image.First()), [.. image.Select(Text)], Stop)));
        foreach ((IGrouping<int, JsonElement> image, TextMatch[] found) in images.Zip(matches))
            Assert.All(image.Zip(found), both => AssertMatch(both.First, both.Second));
    }

    [Fact]
    public async Task Embed_ImagesAndTexts_AreThoseOfTransformersAndOfUnitLength()
    {
        await using BlipMatcher model = await BlipMatcher.LoadAsync(GoldenModels.Folder("matching"), Stop);
        Dictionary<string, float[]> expected = GoldenModels.Expected("matching");
        Assert.Equal(20, model.Config.EmbeddingSize);
        for (int i = 0; i < Cases.Length; i++)
        {
            float[] image = await model.EmbedAsync(Image(Cases[i]), Stop), text = await model.EmbedAsync(Text(Cases[i]), Stop);
            Assert.Equal(1, image.Sum(value => (double)value * value), 1e-5);
            Assert.Equal(1, text.Sum(value => (double)value * value), 1e-5);
            Assert.Equal(Cases[i].GetProperty("cosine").GetDouble(), image.Zip(text, (a, b) => (double)a * b).Sum(), Absolute);
            AssertVector(expected[FormattableString.Invariant($"image.{Picture(Cases[i])}")], image);
            AssertVector(expected[FormattableString.Invariant($"text.{i}")], text);
        }

        static void AssertVector(float[] expected, float[] found)
        {
            Assert.Equal(expected.Length, found.Length);
            Assert.All(expected.Zip(found), both => Assert.Equal(both.First, both.Second, 5e-4f));
        }
    }

    /// <summary>Packing the weights anew, while texts are matched, changes nothing.</summary>
    [Fact]
    public async Task Match_PackedWeights_AreThoseOfTransformers()
    {
        BlipOptions options = new() { Model = GoldenModels.Folder("matching"), PackWeights = true };
        await using BlipMatcher model = await BlipMatcher.LoadAsync(options, cancellationToken: Stop);
        for (int round = 0; round < 3; round++)
        {
            foreach (JsonElement c in Cases)
                AssertMatch(c, await model.MatchAsync(Image(c), Text(c), Stop));
        }
    }

    /// <summary>What a GPU runs in fp16, on the CPU.</summary>
    [Fact]
    public void Match_Fp16Graphs_DifferLittle()
    {
        using Checkpoint checkpoint = Checkpoint.Open(GoldenModels.Folder("matching"));
        using MatchingNetwork fp32 = Create(BlipPrecision.Fp32), fp16 = Create(BlipPrecision.Fp16);
        int size = checkpoint.Config.Vision.ImageSize;
        byte[] pixels = new byte[size * size * 3];
        new Random(1).NextBytes(pixels);
        ImageEmbeddings exact = fp32.Encode(pixels, Stop), half = fp16.Encode(pixels, Stop);
        Assert.All(fp32.VectorOf(exact, Stop).Zip(fp16.VectorOf(half, Stop)), both => Assert.Equal(both.First, both.Second, 0.01f));
        int[] ids = [2, 47, 216, 284, 448, 363, 3];
        Assert.All(
            fp32.Match(exact, [ids], Stop).Zip(fp16.Match(half, [ids], Stop)), both => Assert.Equal(both.First, both.Second, 0.1f));
        Assert.All(fp32.Embed([ids], Stop).Zip(fp16.Embed([ids], Stop)), both => Assert.Equal(both.First, both.Second, 0.05f));
        exact.Release();
        half.Release();

        MatchingNetwork Create(BlipPrecision precision)
        {
            MatchingNetwork network = new(DemoNetwork.Sessions(checkpoint, precision));
            network.Prepare();
            return network;
        }
    }

    [Fact]
    public async Task Match_TextsThatCannotBeRead_AreOneErrorEach()
    {
        await using BlipMatcher model = await BlipMatcher.LoadAsync(GoldenModels.Folder("matching"), Stop);
        BlipImage image = BlipImage.FromFile(GoldenModels.ImagePath(0));
        BlipException empty = await Assert.ThrowsAsync<BlipException>(() => model.MatchAsync(image, ["a dog", " "], Stop));
        Assert.Equal(BlipErrorCode.QuestionEmpty, empty.Code);
        Assert.StartsWith("The text is empty", empty.Message, StringComparison.Ordinal);
        string many = string.Join(' ', Enumerable.Repeat("a", 95));
        BlipException tooLong = await Assert.ThrowsAsync<BlipException>(() => model.EmbedAsync(many, Stop));
        Assert.Equal(BlipErrorCode.QuestionTooLong, tooLong.Code);
        Assert.Empty(await model.MatchAsync(image, [], Stop));
    }

    private static int Picture(JsonElement c) => c.GetProperty("picture").GetInt32();

    private static string Text(JsonElement c) => c.GetProperty("text").GetString()!;

    private static BlipImage Image(JsonElement c) => BlipImage.FromFile(GoldenModels.ImagePath(Picture(c)));

    private static void AssertMatch(JsonElement c, TextMatch match)
    {
        Assert.Equal(Text(c), match.Text);
        Assert.Equal(c.GetProperty("match_probability").GetDouble(), match.Match, Absolute);
        Assert.Equal(c.GetProperty("cosine").GetDouble(), match.Cosine, Absolute);
    }
}
