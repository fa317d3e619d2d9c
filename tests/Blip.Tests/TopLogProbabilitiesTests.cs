using Blip.Checkpoints;
using Blip.Decoding;
using Blip.Networks;
using Xunit;

namespace Blip.Tests;

/// <summary>The likeliest tokens at each place are those of the model's distribution there, on the demo model.</summary>
public sealed class TopLogProbabilitiesTests
{
    private const string Umbrella = "what color is the umbrella?";

    private static readonly AskOptions Ten = new() { TopLogProbabilities = 10 };

    private static readonly BlipImage Beach = BlipImage.FromFile(TestPaths.Sample("beach.jpg"));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryPlace_IsSortedAndBeginsWithTheAnswersOwnToken_ToTheLastBit()
    {
        await using BlipModel model = await BlipModel.LoadAsync(cancellationToken: Stop);
        Answer answer = await model.AskAsync(Beach, Umbrella, Ten, Stop);
        CheckPlaces(answer, 10);
        Assert.Equal(
            answer.Alternatives.Select(alternative => alternative.Text),
            answer.TopLogProbabilities[0].Take(5).Select(one => model.TokenToText(one.TokenId)));
        // The pieces of several words have their spaces, and the end token has no text.
        Assert.Contains(" and ", answer.Text, StringComparison.Ordinal);
        Assert.Equal(answer.Text, string.Concat(answer.TopLogProbabilities.SkipLast(1).Select(place => place[0].Text)));
        TokenLogProbability end = answer.TopLogProbabilities[^1][0];
        Assert.Equal(("", "[SEP]"), (end.Text, model.TokenToText(end.TokenId)));
        Assert.Empty((await model.AskAsync(Beach, Umbrella, cancellationToken: Stop)).TopLogProbabilities);
    }

    [Fact]
    public void FirstPlace_IsTheLogSoftmaxOfTheLogits()
    {
        using Checkpoint checkpoint = Checkpoint.Open(TestPaths.DemoModel);
        using DemoNetwork demo = new(BlipPrecision.Fp32);
        using QuestionAnsweringNetwork network = DemoNetwork.Create(checkpoint, BlipPrecision.Fp32);
        foreach (ImageQuestion question in demo.Questions(20))
        {
            float[] logits = network.FirstLogits(network.EncodeStates(question.Embeddings, question.Ids));
            double logSum = Math.Log(logits.Sum(logit => Math.Exp(logit)));
            FoundAnswer found = demo.Ask(question with { Limits = new AnswerLimits(0, 20, TopLogProbabilities: 20) })[0];
            float[] best = [.. logits.OrderDescending().Take(20)];
            Assert.Equal(20, found.Top[0].Length);
            for (int i = 0; i < best.Length; i++)
            {
                Assert.Equal(best[i] - logSum, found.Top[0][i].LogProbability, 1e-3);
                Assert.Equal(logits[found.Top[0][i].Token] - logSum, found.Top[0][i].LogProbability, 1e-3);
            }
        }
    }

    [Fact]
    public async Task EveryPlace_BesideFifteenOtherQuestionsOrWithGuesses_IsWhatItIsAlone()
    {
        await using BlipModel model = await BlipModel.LoadAsync(cancellationToken: Stop);
        Answer alone = await model.AskAsync(Beach, Umbrella, Ten, Stop);
        string[] questions =
        [
            Umbrella, "is it day or night?", "how many people are there?", "what color is the sand?", "is there a boat?",
            "what color is the sky?", "is there a dog?", "how many umbrellas are there?",
        ];
        Answer[] together = await model.AskAsync(Beach, [.. questions, .. questions], Ten, Stop);
        // By now its opening has been seen often enough: the first pass reads guesses too.
        for (int i = 0; i < 4; i++)
            await model.AskAsync(Beach, Umbrella, cancellationToken: Stop);
        Answer guessed = await model.AskAsync(Beach, Umbrella, Ten, Stop);
        foreach (Answer answer in (Answer[])[together[0], together[questions.Length], guessed])
        {
            Assert.Equal(alone.TokenIds, answer.TokenIds);
            Assert.Equal(
                Flat(alone), Flat(answer), (a, b) => a.TokenId == b.TokenId && Math.Abs(a.LogProbability - b.LogProbability) < 1e-3);
        }
        Assert.All(together, answer => CheckPlaces(answer, 10));
        CheckPlaces(guessed, 10);

        // Tokens that are far from likely may change places with their neighbours by the last digits.
        static IEnumerable<TokenLogProbability> Flat(Answer answer) =>
            answer.TopLogProbabilities.SelectMany(place => place.Where(one => one.LogProbability > -12).OrderBy(one => one.TokenId));
    }

    private static void CheckPlaces(Answer answer, int count)
    {
        Assert.Equal(answer.TokenLogProbabilities.Count, answer.TopLogProbabilities.Count);
        for (int i = 0; i < answer.TopLogProbabilities.Count; i++)
        {
            IReadOnlyList<TokenLogProbability> place = answer.TopLogProbabilities[i];
            Assert.Equal(count, place.DistinctBy(one => one.TokenId).Count());
            Assert.Equal(place.OrderByDescending(one => one.LogProbability), place);
            Assert.Equal((answer.TokenIds[i + 1], answer.TokenLogProbabilities[i]), (place[0].TokenId, place[0].LogProbability));
            Assert.InRange(place.Sum(one => Math.Exp(one.LogProbability)), 0.5, 1 + 1e-6);
        }
    }
}
