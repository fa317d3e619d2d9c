using System.Text.Json;
using Blip.Text;
using Xunit;
using static Blip.Tests.GoldenModels;

namespace Blip.Tests;

/// <summary>The text-to-image score of T2I-CompBench, and the splitter of its texts.</summary>
public sealed class PhraseScoreTests(DemoModelFixture demo) : IClassFixture<DemoModelFixture>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Score_GoldenCases_AreTheReferenceToFourDecimals()
    {
        await using BlipModel model = await BlipModel.LoadAsync(Folder("base"), Stop);
        IReadOnlyList<GoldenCase> cases = Cases("score");
        Assert.Equal(16, cases.Count);
        foreach (JsonElement expected in cases.Select(c => c.Json))
        {
            string[] phrases = [.. expected.GetProperty("phrases").EnumerateArray().Select(phrase => phrase.GetString()!)];
            BlipImage image = BlipImage.FromFile(ImagePath(expected.GetProperty("picture").GetInt32()));
            PhraseScore score = await model.ScoreAsync(image, phrases, Stop);
            Assert.Equal(phrases.Length, score.Probabilities.Count);
            Assert.All(expected.GetProperty("probabilities").EnumerateArray().Zip(score.Probabilities),
                pair => Assert.Equal(pair.First.GetDouble(), pair.Second, 1e-4));
            double product = expected.GetProperty("score").GetDouble();
            Assert.Equal(product, score.Score, 1e-3 * product);
        }
    }

    [Theory]
    [InlineData(BlipPrecision.Fp32)]
    [InlineData(BlipPrecision.Int8)]
    public async Task Score_WhatIsThere_IsMoreThanWhatIsNot(BlipPrecision precision)
    {
        await using BlipModel model = await BlipModel.LoadAsync(new BlipOptions { Precision = precision }, cancellationToken: Stop);
        BlipImage dogs = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
        double there = (await model.ScoreAsync(dogs, ["two dogs"], Stop)).Score;
        double not = (await model.ScoreAsync(dogs, ["a bus"], Stop)).Score;
        Assert.InRange(there, 0.9, 1);
        Assert.InRange(not, 0, 0.1);
        PhraseScore both = await model.ScoreAsync(dogs, ["two dogs", "a bus"], Stop);
        Assert.Equal(both.Probabilities[0] * both.Probabilities[1], both.Score, 1e-12);
    }

    [Fact]
    public async Task Score_NoPhrase_IsZeroAndAnEmptyOneIsRefused()
    {
        BlipImage dogs = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
        Assert.Equal(0, (await demo.Model.ScoreAsync(dogs, [], Stop)).Score);
        BlipException error = await Assert.ThrowsAsync<BlipException>(() => demo.Model.ScoreAsync(dogs, ["a dog", " "], Stop));
        Assert.Equal(BlipErrorCode.QuestionEmpty, error.Code);
        string tooLong = string.Join(' ', Enumerable.Repeat("dog", 600));
        error = await Assert.ThrowsAsync<BlipException>(() => demo.Model.ScoreAsync(dogs, ["a dog", tooLong], Stop));
        Assert.Equal(
            (BlipErrorCode.QuestionTooLong, "A phrase has more tokens than this model reads. Give a shorter one."),
            (error.Code, error.Message));
    }

    [Theory]
    [InlineData("A red car and two dogs on the beach.", "a red car|two dogs|the beach")]
    [InlineData("a dog chasing a cat next to the old brick building", "a dog|a cat|the old brick building")]
    [InlineData("The two dogs; all the birds, a t-shirt", "the two dogs|all the birds|a t-shirt")]
    [InlineData("green bench, blue bowl and wooden floor", "green bench|blue bowl|wooden floor")]
    [InlineData("a vase is on the left of the table", "a vase|the table")]
    [InlineData("and of the", "")]
    [InlineData("", "")]
    public void NounPhrases_OfASimpleText_AreItsThings(string text, string phrases) =>
        Assert.Equal(phrases, string.Join('|', NounPhrases.Split(text)));
}
