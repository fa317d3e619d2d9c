using System.Text.Json;
using Xunit;
using static Blip.Tests.GoldenModels;

namespace Blip.Tests.Networks;

/// <summary>Beam search and ranks of choices against the values of transformers on PyTorch.</summary>
public class GoldenSearchTests
{
    private const double Score = 1e-3, Absolute = 1e-3, Relative = 2e-4;

    public static TheoryData<string> Models => ["base", "deep-vision"];

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Beams_EveryCase_AreThoseOfTransformers(string name)
    {
        await using BlipModel model = await BlipModel.LoadAsync(Folder(name), TestContext.Current.CancellationToken);
        int cases = 0;
        foreach (GoldenCase c in Cases(name))
        {
            foreach (JsonElement expected in c.Json.GetProperty("beams").EnumerateArray())
            {
                Answer answer = await Ask(model, c, Options(expected.GetProperty("options")));
                AssertSequences(expected, answer);
                cases++;
            }
        }
        Assert.InRange(cases, 100, 1000);
    }

    /// <summary>Answers of unlike lengths share passes, and rows of those that have ended stay behind in the cache.</summary>
    [Theory]
    [MemberData(nameof(Models))]
    public async Task Beams_ManyQuestionsAtOnce_AreWhatEachGivesAlone(string name)
    {
        await using BlipModel model = await BlipModel.LoadAsync(Folder(name), TestContext.Current.CancellationToken);
        foreach (IGrouping<int, GoldenCase> image in Cases(name).GroupBy(c => c.Image))
        {
            BlipImage picture = BlipImage.FromFile(ImagePath(image.Key));
            foreach (var alike in image.SelectMany(c => c.Json.GetProperty("beams").EnumerateArray().Select(beams => (c.Question, beams)))
                .GroupBy(one => one.beams.GetProperty("options").GetRawText()))
            {
                Task<Answer[]> beams = model.AskAsync(picture, [.. alike.Select(one => one.Question)],
                    Options(alike.First().beams.GetProperty("options")), TestContext.Current.CancellationToken);
                Answer greedy = await Ask(model, image.First(), AskOptions.Default);
                Assert.Equal(image.First().TokenIds, greedy.TokenIds);
                Assert.All(alike.Zip(await beams), pair => AssertSequences(pair.First.beams, pair.Second));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Choices_EveryCase_HaveTheScoresOfTransformersAndOfTheOriginal(string name)
    {
        await using BlipModel model = await BlipModel.LoadAsync(Folder(name), TestContext.Current.CancellationToken);
        string[] candidates = Candidates(name);
        foreach (GoldenCase c in Cases(name))
        {
            JsonElement expected = c.Json.GetProperty("choices");
            AssertExact(expected, candidates, await Ask(model, c, new AskOptions { Choices = candidates }));

            int k = expected.GetProperty("two_stage_k").GetInt32();
            Answer original = await Ask(model, c, new AskOptions { Choices = candidates, ChoicesK = k });
            Dictionary<string, double> kept = expected.GetProperty("two_stage_kept").EnumerateArray()
                .Select(place => candidates[place.GetInt32()])
                .Zip(expected.GetProperty("two_stage_smoothed_scores").EnumerateArray().Select(score => score.GetDouble()))
                .ToDictionary(pair => pair.First, pair => pair.Second);
            Assert.Equal(candidates[expected.GetProperty("two_stage_best").GetInt32()], original.Text);
            // Of choices that begin alike, the library keeps any at the border.
            Assert.Equal(kept.Keys.Select(FirstWord).Order(StringComparer.Ordinal),
                original.Choices.Select(choice => FirstWord(choice.Text)).Order(StringComparer.Ordinal));
            foreach (AnswerChoice choice in original.Choices.Where(choice => !kept.ContainsKey(choice.Text)))
                kept[choice.Text] = choice.Score;
            AssertScores(kept, original);
        }
    }

    [Fact]
    public async Task Choices_ManyQuestionsAtOnce_AreWhatEachGivesAlone()
    {
        await using BlipModel model = await BlipModel.LoadAsync(Folder("base"), TestContext.Current.CancellationToken);
        string[] candidates = Candidates("base");
        foreach (IGrouping<int, GoldenCase> image in Cases("base").GroupBy(c => c.Image))
        {
            Answer[] answers = await model.AskAsync(BlipImage.FromFile(ImagePath(image.Key)), [.. image.Select(c => c.Question)],
                new AskOptions { Choices = candidates }, TestContext.Current.CancellationToken);
            Assert.All(image.Zip(answers), pair => AssertExact(pair.First.Json.GetProperty("choices"), candidates, pair.Second));
        }
    }

    private static string FirstWord(string text) => text.Split(' ')[0];

    private static void AssertExact(JsonElement expected, string[] candidates, Answer answer)
    {
        Assert.Equal(candidates.Order(StringComparer.Ordinal), answer.Choices.Select(choice => choice.Text).Order(StringComparer.Ordinal));
        double[] scores = [.. expected.GetProperty("scores").EnumerateArray().Select(score => score.GetDouble())];
        Assert.Equal(candidates[expected.GetProperty("best").GetInt32()], answer.Text);
        AssertScores(candidates.Zip(scores).ToDictionary(pair => pair.First, pair => pair.Second), answer);
        Assert.Equal(answer.Choices[0].Score, answer.TokenLogProbabilities.Sum(value => (double)value), 1e-6);
    }

    private static void AssertScores(Dictionary<string, double> expected, Answer answer)
    {
        Assert.All(answer.Choices, choice =>
            Assert.Equal(expected[choice.Text], choice.Score, Absolute + (Relative * Math.Abs(choice.Score))));
        Assert.Equal(answer.Choices.OrderByDescending(choice => choice.Score), answer.Choices);
        Assert.Equal(1, answer.Choices.Sum(choice => choice.Probability), 1e-9);
        Assert.Equal(answer.Choices[0].Probability, answer.Confidence);
    }

    private static void AssertSequences(JsonElement expected, Answer answer)
    {
        IEnumerable<int[]> sequences = expected.GetProperty("sequences").EnumerateArray()
            .Select(ids => ids.EnumerateArray().Select(id => id.GetInt32()).ToArray());
        Assert.Equal(sequences, answer.Sequences.Select(one => one.TokenIds.ToArray()));
        Assert.All(expected.GetProperty("scores").EnumerateArray().Zip(answer.Sequences),
            pair => Assert.Equal(pair.First.GetDouble(), pair.Second.Score, Score));
        Assert.Equal(answer.TokenIds, answer.Sequences[0].TokenIds);
        Assert.Equal(answer.Sequences.Select(one => one.Text), answer.Alternatives.Select(one => one.Text));
        Assert.Equal(answer.Confidence, answer.Alternatives[0].Probability, 1e-9);
    }

    private static AskOptions Options(JsonElement options)
    {
        AskOptions asked = new();
        foreach (JsonProperty option in options.EnumerateObject())
        {
            asked = option.Name switch
            {
                "num_beams" => asked with { Beams = option.Value.GetInt32() },
                "num_return_sequences" => asked with { Best = option.Value.GetInt32() },
                "length_penalty" => asked with { LengthPenalty = option.Value.GetDouble() },
                "early_stopping" => asked with { EarlyStopping = Enum.Parse<EarlyStopping>(option.Value.ToString(), ignoreCase: true) },
                "max_new_tokens" => asked with { MaxNewTokens = option.Value.GetInt32() },
                "min_new_tokens" => asked with { MinNewTokens = option.Value.GetInt32() },
                _ => throw new NotSupportedException(option.Name),
            };
        }
        return asked;
    }

    private static string[] Candidates(string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder(name), "cases.json")));
        return [.. document.RootElement.GetProperty("candidates").EnumerateArray().Select(text => text.GetString()!)];
    }

    private static Task<Answer> Ask(BlipModel model, GoldenCase c, AskOptions options) =>
        model.AskAsync(BlipImage.FromFile(ImagePath(c.Image)), c.Question, options, TestContext.Current.CancellationToken);
}
