using System.Text.Json;
using Blip.Images;
using Xunit;

namespace Blip.Tests.Matching;

/// <summary>The demo model that matches images and texts: its samples and its published figures.</summary>
[Trait("Category", "Long")]
public sealed class DemoMatchTests
{
    private const int All = 300;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(BlipPrecision.Fp32, 2e-3, 2e-3, 0.5)]
    // Measured: matches within 0.041, cosines within 0.016, and as many told right as in fp32.
    [InlineData(BlipPrecision.Int8, 0.05, 0.02, 0.5)]
    public async Task EvaluationSet_IsThatOfTransformersAndItsFigures(
        BlipPrecision precision, double nearMatch, double nearCosine, double within)
    {
        // The reference's Pillow resizes upright images as releases before 13 do.
        BlipOptions options = new() { Precision = precision, Image = new ImageOptions { Resize = ResizeMode.Classic } };
        await using BlipMatcher model = await BlipMatcher.LoadAsync(options, cancellationToken: Stop);
        IGrouping<string, JsonElement>[] images =
        [
            .. File.ReadLines(TestPaths.Golden("demo-matching", "pairs.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.Clone())
                .GroupBy(pair => pair.GetProperty("image").GetString()!).Take(TestScale.Of(All)),
        ];
        int right = 0, pairs = 0;
        double farMatch = 0, farCosine = 0;
        foreach (IGrouping<string, JsonElement> image in images)
        {
            BlipImage opened = BlipImage.FromFile(TestPaths.Golden("demo", image.Key));
            TextMatch[] matches = await model.MatchAsync(opened, [.. image.Select(pair => pair.GetProperty("text").GetString()!)], Stop);
            foreach ((JsonElement pair, TextMatch match) in image.Zip(matches))
            {
                farMatch = Math.Max(farMatch, Math.Abs(pair.GetProperty("match").GetDouble() - match.Match));
                farCosine = Math.Max(farCosine, Math.Abs(pair.GetProperty("cosine").GetDouble() - match.Cosine));
                right += match.Match > 0.5 == pair.GetProperty("true").GetBoolean() ? 1 : 0;
                pairs++;
            }
        }
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{precision}: {right} of {pairs} told right; matches within {farMatch:0.0000}, cosines within {farCosine:0.0000}");
        Assert.InRange(farMatch, 0, nearMatch);
        Assert.InRange(farCosine, 0, nearCosine);
        if (images.Length == All)
            Assert.Equal(90.9, 100.0 * right / pairs, within);
    }

    /// <summary>Each true caption among all images, and each image among all captions, by cosine.</summary>
    [Fact]
    public async Task EvaluationSet_Recall_IsAsPublished()
    {
        await using BlipMatcher model = await BlipMatcher.LoadAsync(cancellationToken: Stop);
        int count = TestScale.Of(All);
        using JsonDocument captions = JsonDocument.Parse(File.ReadAllBytes(TestPaths.Golden("demo-matching", "captions.json")));
        string[] texts = [.. captions.RootElement.EnumerateArray().Take(count).Select(text => text.GetString()!)];
        float[][] ofTexts = await model.EmbedAsync(texts, Stop), ofImages = new float[count][];
        for (int i = 0; i < count; i++)
            ofImages[i] = await model.EmbedAsync(BlipImage.FromFile(Picture(i)), Stop);
        (double textFirst, double textAmongFive) = Recall(ofTexts, ofImages);
        (double imageFirst, double imageAmongFive) = Recall(ofImages, ofTexts);
        // Fewer are easier to tell apart.
        double within = count == All ? 0.5 : 100;
        Assert.Equal(96.0, textFirst, within);
        Assert.Equal(95.7, imageFirst, within);
        Assert.InRange(textFirst, 95.5, 100);
        Assert.InRange(imageFirst, 95.2, 100);
        Assert.Equal((100.0, 100.0), (textAmongFive, imageAmongFive));

        using JsonDocument samples = JsonDocument.Parse(File.ReadAllBytes(TestPaths.Golden("demo-matching", "samples.json")));
        foreach (JsonElement sample in samples.RootElement.EnumerateArray())
        {
            float[] query = await model.EmbedAsync(sample.GetProperty("query").GetString()!, Stop);
            float[] image = await model.EmbedAsync(
                BlipImage.FromFile(TestPaths.Golden("demo", sample.GetProperty("image").GetString()!)), Stop);
            double cosine = Cosine(query, image);
            Assert.Equal(sample.GetProperty("cosine").GetDouble(), cosine, 2e-3);
            Assert.All(ofImages, other => Assert.True(Cosine(query, other) <= cosine + 1e-6));
        }
    }

    private static string Picture(int i) => TestPaths.Golden("demo", "pictures", FormattableString.Invariant($"{i:0000}.jpg"));

    private static (double First, double AmongFive) Recall(float[][] queries, float[][] found)
    {
        int first = 0, five = 0;
        for (int i = 0; i < queries.Length; i++)
        {
            double own = Cosine(queries[i], found[i]);
            int better = found.Count(other => Cosine(queries[i], other) > own);
            first += better == 0 ? 1 : 0;
            five += better < 5 ? 1 : 0;
        }
        return (100.0 * first / queries.Length, 100.0 * five / queries.Length);
    }

    private static double Cosine(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();
}
