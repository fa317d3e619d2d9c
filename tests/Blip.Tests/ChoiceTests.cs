using Xunit;

namespace Blip.Tests;

/// <summary>Given answers are ranked as if each were scored alone, and what cannot be ranked is refused.</summary>
public sealed class ChoiceTests(DemoModelFixture demo) : IClassFixture<DemoModelFixture>
{
    private const string Dogs = "how many dogs are in the picture?";

    private static readonly BlipImage Image = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));

    private static readonly string[] Words = ["red", "blue", "dog", "cat", "house", "tree", "two", "1", "2", "big", "street", "xyz"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

#pragma warning disable CA1034 // A type of the tests.
    public enum Weather
#pragma warning restore CA1034
    {
        Sunny,
        HeavyRain,
        Light_Snow,
    }

    /// <summary>1,884 choices with shared beginnings: several passes, whose borders fall anywhere in the tree.</summary>
    [Fact]
    public async Task Rank_ManyChoices_ScoresEachAsAlone()
    {
        string[] choices =
            [.. Words.Concat(Words.SelectMany(a => Words.Select(b => $"{a} {b}"))),
             .. Words.SelectMany(a => Words.SelectMany(b => Words.Select(c => $"{a} {b} {c}")))];
        Answer all = await demo.Model.AskAsync(Image, Dogs, choices, cancellationToken: Stop);
        Assert.Equal(choices.Length, all.Choices.Count);
        Assert.Equal("2", all.Text);
        Dictionary<string, double> scores = all.Choices.ToDictionary(choice => choice.Text, choice => choice.Score);
        for (int i = 0; i < choices.Length; i += 53)
        {
            Answer alone = await demo.Model.AskAsync(Image, Dogs, [choices[i]], cancellationToken: Stop);
            Assert.Equal(1, alone.Confidence);
            Assert.Equal(alone.Choices[0].Score, scores[choices[i]], 1e-3);
        }
    }

    [Fact]
    public async Task Rank_BestIsWhatTheModelAnswers_WithItsLogProbabilities()
    {
        Answer free = await demo.Model.AskAsync(Image, Dogs, cancellationToken: Stop);
        Answer ranked = await demo.Model.AskAsync(Image, Dogs, ["1", "2", "3"], cancellationToken: Stop);
        Assert.Equal(free.TokenIds, ranked.TokenIds);
        Assert.All(free.TokenLogProbabilities.Zip(ranked.TokenLogProbabilities), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
        Assert.Equal(["2", "1", "3"], ranked.Choices.Select(choice => choice.Text));
        Assert.Equal(ranked.Choices.Select(choice => choice.Probability), ranked.Alternatives.Select(other => other.Probability));
        Assert.True(ranked.Confidence > free.Confidence);
    }

    [Fact]
    public async Task PerToken_DividesByTheTokensOfTheChoice()
    {
        Answer sum = await demo.Model.AskAsync(Image, Dogs, ["two dogs", "2"], cancellationToken: Stop);
        Answer mean = await demo.Model.AskAsync(
            Image, Dogs, ["two dogs", "2"], new AskOptions { ChoicesPerToken = true }, Stop);
        Assert.Equal(sum.Choices[0].Score / 2, mean.Choices[0].Score, 1e-5);
        Assert.Equal(sum.Choices[1].Score / 3, mean.Choices[1].Score, 1e-5);
    }

    [Theory]
    [InlineData(new string[0], "Choices is empty")]
    [InlineData(new[] { "red", " " }, "Choice 2 is empty")]
    [InlineData(new[] { "red", "blue", "Red" }, "Choices 1 and 3 are the same")]
    [InlineData(new[] { "red [SEP] blue" }, "special token")]
    [InlineData(new[] { "red ☂" }, "does not know")]
    public async Task Rank_ChoiceThatCannotBe_IsRefusedByItsPlace(string[] choices, string says)
    {
        BlipException error = await Assert.ThrowsAsync<BlipException>(
            () => demo.Model.AskAsync(Image, Dogs, choices, cancellationToken: Stop));
        Assert.Equal(BlipErrorCode.InvalidRequest, error.Code);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rank_TooLongOrTooMany_IsRefusedAtOnce()
    {
        string longChoice = string.Join(' ', Enumerable.Repeat("dog", 600));
        await Refuse([longChoice], "Choice 1 has more than");
        string dogs = string.Join(' ', Enumerable.Repeat("dog", 100));
        await Refuse([.. Enumerable.Range(0, 10_000).Select(i => $"{i} {dogs}")], "100000 tokens");

        async Task Refuse(string[] choices, string says) => Assert.Contains(says, (await Assert.ThrowsAsync<BlipException>(
            () => demo.Model.AskAsync(Image, Dogs, choices, cancellationToken: Stop))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_ThatExcludeEachOther_AreRefused()
    {
        foreach (AskOptions options in (AskOptions[])[
            new() { Choices = ["a"], Beams = 3 }, new() { ChoicesK = 3 }, new() { Best = 2 }, new() { Beams = 3, Best = 4 },
            new() { Beams = 17 }, new() { Beams = 0 }, new() { Beams = 2, TopLogProbabilities = 1 }, new() { LengthPenalty = double.NaN }])
        {
            BlipException error = await Assert.ThrowsAsync<BlipException>(() => demo.Model.AskAsync(Image, Dogs, options, Stop));
            Assert.Equal(BlipErrorCode.InvalidRequest, error.Code);
        }
    }

    [Fact]
    public async Task AskEach_OptionsOfAnItem_HoldForItAlone()
    {
        AskItem[] items =
        [
            new(Image, [Dogs]),
            new(Image, [Dogs]) { Options = new AskOptions { Choices = ["7", "9"] } },
            new(Image, [Dogs]) { Options = new AskOptions { Beams = 3, Best = 3 } },
            new(Image, [Dogs]) { Options = new AskOptions { Best = 3 } },
            new(Image, [Dogs]) { Options = new AskOptions { Choices = [""] } },
        ];
        List<AskOutcome> outcomes = [];
        await foreach (AskOutcome outcome in demo.Model.AskEachAsync(items, cancellationToken: Stop))
            outcomes.Add(outcome);
        Assert.Equal("2", outcomes[0].Answers[0].Answer!.Text);
        Assert.Contains(outcomes[1].Answers[0].Answer!.Text, (string[])["7", "9"]);
        Assert.Equal(["2", "1", "3"], outcomes[2].Answers[0].Answer!.Sequences.Select(one => one.Text));
        Assert.Equal(BlipErrorCode.InvalidRequest, outcomes[3].Error!.Code);
        Assert.Equal(BlipErrorCode.InvalidRequest, outcomes[4].Error!.Code);
    }

    [Fact]
    public async Task Typed_Values_AreRanked()
    {
        TypedAnswer<int> dogs = await demo.Model.AskAsync<int>(Image, Dogs, cancellationToken: Stop);
        Assert.Equal((2, 42), (dogs.Value, dogs.Answer.Choices.Count));
        TypedAnswer<bool> cat = await demo.Model.AskAsync<bool>(Image, "what color is the sky?", cancellationToken: Stop);
        Assert.True(cat.HasValue);
        Assert.Equal(["no", "yes"], cat.Answer.Choices.Select(choice => choice.Text).Order(StringComparer.Ordinal));
        TypedAnswer<Weather> weather = await demo.Model.AskAsync<Weather>(Image, "what is the weather like?", cancellationToken: Stop);
        Assert.Equal(["heavy rain", "light snow", "sunny"],
            weather.Answer.Choices.Select(choice => choice.Text).Order(StringComparer.Ordinal));
        foreach ((string text, Weather value) in (ReadOnlySpan<(string, Weather)>)[
            ("sunny", Weather.Sunny), ("heavy rain", Weather.HeavyRain), ("light snow", Weather.Light_Snow)])
            Assert.Equal(value, TypedAnswer<Weather>.Parse(new Answer { Text = text }).Value);
        TypedAnswer<int> own = await demo.Model.AskAsync<int>(Image, Dogs, new AskOptions { Choices = ["many", "100"] }, Stop);
        Assert.Equal(2, own.Answer.Choices.Count);
    }

    /// <summary>In 8 bits as in fp32: each choice is scored as alone, and scores and order are near those of fp32.</summary>
    [Fact]
    public async Task Int8_ChoicesAndBeams_AreRankedAsInFp32()
    {
        await using BlipModel int8 = await BlipModel.LoadAsync(new BlipOptions { Precision = BlipPrecision.Int8 }, cancellationToken: Stop);
        Assert.Equal("int8", int8.Info.Precision);
        Answer ranked = await int8.AskAsync(Image, Dogs, Words, cancellationToken: Stop);
        Answer exact = await demo.Model.AskAsync(Image, Dogs, Words, cancellationToken: Stop);
        Assert.Equal(exact.Choices.Take(2).Select(choice => choice.Text), ranked.Choices.Take(2).Select(choice => choice.Text));
        foreach (AnswerChoice choice in ranked.Choices)
        {
            Answer alone = await int8.AskAsync(Image, Dogs, [choice.Text], cancellationToken: Stop);
            // ONNX Runtime's products in 8 bits round otherwise for one row than for several.
            Assert.Equal(alone.Choices[0].Score, choice.Score, 0.02 - (0.02 * choice.Score));
            double deviation = Math.Abs(exact.Choices.First(one => one.Text == choice.Text).Score - choice.Score);
            Assert.True(deviation < 1, $"{choice}: {deviation}");
        }

        AskOptions beams = new() { Beams = 3, Best = 3 };
        Answer found = await int8.AskAsync(Image, Dogs, beams, Stop), expected = await demo.Model.AskAsync(Image, Dogs, beams, Stop);
        Assert.Equal(expected.Sequences.Select(one => one.Text), found.Sequences.Select(one => one.Text));
        Assert.All(expected.Sequences.Zip(found.Sequences), pair => Assert.Equal(pair.First.Score, pair.Second.Score, 0.5));
        Assert.Equal(found.Sequences.OrderByDescending(one => one.Score), found.Sequences);
    }

    /// <summary>The long one lets others run between its passes, and whoever leaves it ends it.</summary>
    [Fact]
    public async Task Rank_ThousandsOfChoices_DelayNobodyAndEndWithTheirCaller()
    {
        string[] choices = [.. Enumerable.Range(0, 10_000).Select(i => $"{i}")];
        using CancellationTokenSource caller = new();
        using EncodedImage encoded = await demo.Model.EncodeAsync(Image, Stop);
        Task<Answer> ranked = demo.Model.AskAsync(encoded, Dogs, choices, cancellationToken: caller.Token);
        for (int i = 0; i < 4; i++)
            Assert.Equal("2", (await demo.Model.AskAsync(encoded, Dogs, cancellationToken: Stop)).Text);
        Assert.False(ranked.IsCompleted);
        await caller.CancelAsync();
        OperationCanceledException gone = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ranked);
        Assert.Equal(caller.Token, gone.CancellationToken);
    }
}
