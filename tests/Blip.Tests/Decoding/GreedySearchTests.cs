using Blip.Decoding;
using Xunit;

namespace Blip.Tests.Decoding;

public class GreedySearchTests
{
    private const int End = 3;
    private static readonly AnswerTokens Tokens = new(Start: 7, End);

    [Fact]
    public void Run_EndTokenWins_EndsTheAnswerThere()
    {
        ScriptedDecoder decoder = new([[5, 6, End, 1]]);
        FoundAnswer answer = Search(decoder, new AnswerLimits(0, 20))[0];
        Assert.Equal([7, 5, 6, End], answer.Tokens);
        Assert.Equal(3, answer.LogProbabilities.Count);
        Assert.Equal([0, 1, 2], decoder.Positions);
    }

    [Fact]
    public void Run_LimitReached_StopsWithoutAnEnd()
    {
        FoundAnswer answer = Search(new ScriptedDecoder([[5, 5, 5, 5, 5, 5]]), new AnswerLimits(0, 3))[0];
        Assert.Equal([7, 5, 5, 5], answer.Tokens);
    }

    [Fact]
    public void Run_MinNewTokens_BansTheEndAndItsShareOfTheProbability()
    {
        FoundAnswer answer = Search(new ScriptedDecoder([[End, End, 5, 5]]), new AnswerLimits(2, 4))[0];
        Assert.Equal(4, answer.Tokens.Count - 1);
        Assert.DoesNotContain(End, answer.Tokens.Take(3));
        // All other logits are equal, so what is left is shared by seven tokens.
        Assert.Equal(MathF.Log(1f / 7), answer.LogProbabilities[0], 1e-5f);
    }

    [Fact]
    public void Run_AnswersOfUnlikeLengths_EachIsWhatItIsAlone()
    {
        int[][] scripts = [[5, End], [1, 2, 4, 6, End], [End], [6, 6, 6, End]];
        FoundAnswer[] together = Search(new ScriptedDecoder(scripts), new AnswerLimits(0, 20), new AnswerLimits(0, 2),
            new AnswerLimits(0, 20), new AnswerLimits(0, 20));
        Assert.Equal([7, 5, End], together[0].Tokens);
        Assert.Equal([7, 1, 2], together[1].Tokens);
        Assert.Equal([7, End], together[2].Tokens);
        Assert.Equal([7, 6, 6, 6, End], together[3].Tokens);
    }

    [Fact]
    public void Run_FirstStep_GivesTheLikeliestFirstTokensInOrder()
    {
        FoundAnswer answer = Search(new ScriptedDecoder([[5, End]]), new AnswerLimits(0, 20))[0];
        // More are asked for than there are.
        Assert.Equal([5, 0, 1, 2, 3, 4, 6, 7], answer.Alternatives.Select(a => a.Token));
        Assert.Equal(answer.LogProbabilities[0], answer.Alternatives[0].LogProbability);
    }

    [Fact]
    public void Run_TopAsked_IsTheDistributionAtEachPlaceOfThatAnswerAlone()
    {
        FoundAnswer[] answers = Search(
            new ScriptedDecoder([[5, 6, End], [4, End]]), new AnswerLimits(0, 20, TopLogProbabilities: 20), new AnswerLimits(0, 20));
        Assert.Empty(answers[1].Top);
        Assert.Equal(3, answers[0].Top.Count);
        // Logit 5 for the scripted token and 1 for the seven others.
        float logSum = MathF.Log(MathF.Exp(5) + (7 * MathF.Exp(1)));
        Assert.All(answers[0].Top.Zip([5, 6, End]), place =>
        {
            int[] others = [.. Enumerable.Range(0, 8).Where(token => token != place.Second)];
            Assert.Equal([place.Second, .. others], place.First.Select(one => one.Token));
            Assert.Equal(5 - logSum, place.First[0].LogProbability, 1e-5f);
            Assert.All(place.First.Skip(1), one => Assert.Equal(1 - logSum, one.LogProbability, 1e-5f));
        });
    }

    [Fact]
    public void Run_TopWithABannedEnd_DoesNotHaveIt()
    {
        FoundAnswer answer = Search(new ScriptedDecoder([[End, 5]]), new AnswerLimits(1, 2, TopLogProbabilities: 20))[0];
        Assert.DoesNotContain(answer.Top[0], one => one.Token == End);
        Assert.Contains(answer.Top[1], one => one.Token == End);
        Assert.Equal(1, answer.Top[0].Sum(one => MathF.Exp(one.LogProbability)), 1e-5f);
    }

    [Fact]
    public void Run_AnswersOfUnlikeLengths_EachIsGivenAtItsEnd()
    {
        Answers answers = new(3);
        new GreedySearch(Tokens, [new AnswerLimits(0, 20), new AnswerLimits(0, 20), new AnswerLimits(0, 20)], [])
            .Run(new ScriptedDecoder([[5, 6, 4, End], [End], [6, End]]), answers, CancellationToken.None);
        Assert.Equal([1, 2, 0], answers.Order);
        Assert.Equal([0, 1, 3], answers.AtSteps);
    }

    [Fact]
    public void Run_NobodyWaitsForAnAnswer_ItIsReadNoFurther()
    {
        Answers answers = new(2) { Unwanted = { 0 } };
        ScriptedDecoder decoder = new([[5, 5, 5, 5, 5, 5, End], [6, End]]);
        new GreedySearch(Tokens, [new AnswerLimits(0, 20), new AnswerLimits(0, 20)], []).Run(decoder, answers, CancellationToken.None);
        Assert.Equal([1], answers.Order);
        Assert.Equal(1, answers.Steps);
    }

    [Theory]
    [InlineData(new[] { 5, 6, End }, new[] { 0, 2 })]
    [InlineData(new[] { 5, End }, new[] { 0 })]
    [InlineData(new[] { 6, 5, End }, new[] { 0, 1, 2 })]
    [InlineData(new[] { End }, new[] { 0 })]
    public void Run_Guesses_SaveAPassWhereOneIsRightAndChangeNothing(int[] script, int[] positions)
    {
        ScriptedDecoder decoder = new([script]), alone = new([script]);
        AnswerLimits limits = new(0, 20, TopLogProbabilities: 3);
        FoundAnswer guessed = Search(decoder, [4, 5, 5], limits)[0], found = Search(alone, limits)[0];
        Assert.Equal([7, .. script], guessed.Tokens);
        Assert.Equal(found.LogProbabilities, guessed.LogProbabilities);
        Assert.Equal(found.Alternatives, guessed.Alternatives);
        Assert.Equal(found.Top, guessed.Top);
        Assert.Equal(positions, decoder.Positions);
    }

    [Fact]
    public void Run_GuessBesideOtherAnswers_BelongsToTheFirst()
    {
        ScriptedDecoder decoder = new([[5, End], [5, 6, End]]);
        FoundAnswer[] answers = Search(decoder, [5], new AnswerLimits(0, 20), new AnswerLimits(0, 20));
        Assert.Equal([7, 5, End], answers[0].Tokens);
        Assert.Equal([7, 5, 6, End], answers[1].Tokens);
    }

    [Fact]
    public void Run_GuessAtTheLimit_IsNotFollowed()
    {
        FoundAnswer answer = Search(new ScriptedDecoder([[5, 6, End]]), [5], new AnswerLimits(0, 1))[0];
        Assert.Equal([7, 5], answer.Tokens);
    }

    [Fact]
    public void Run_Cancelled_StopsBeforeTheNextStep()
    {
        using CancellationTokenSource source = new();
        ScriptedDecoder decoder = new([[5, 5, 5, 5, 5]]) { OnStep = position => { if (position == 1) source.Cancel(); } };
        Assert.Throws<OperationCanceledException>(() => new GreedySearch(Tokens, [new AnswerLimits(0, 20)], [])
            .Run(decoder, new Answers(1), source.Token));
        Assert.Equal([0, 1], decoder.Positions);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void TokenDistribution_ValueNotFinite_Throws(float value)
    {
        float[] logits = [1, 2, 3, 4];
        logits[1] = value;
        Assert.Throws<NonFiniteException>(() => new TokenDistribution(logits, -1));
    }

    [Fact]
    public void TokenDistribution_LargeLogits_DoesNotOverflow()
    {
        TokenDistribution distribution = new([1000f, 1001f, -3e38f], -1);
        Assert.Equal(1, distribution.Likeliest);
        Assert.Equal(-0.3132617f, distribution.LogProbability(1), 1e-4f);
    }

    [Fact]
    public void TokenDistribution_BannedIsFarLikelier_OthersKeepTheirShares()
    {
        TokenDistribution distribution = new([0, 500, 0], 1);
        Assert.Equal(0, distribution.Likeliest);
        Assert.Equal(MathF.Log(0.5f), distribution.LogProbability(2), 1e-5f);
        Assert.Equal(float.NegativeInfinity, distribution.LogProbability(1));
    }

    private static FoundAnswer[] Search(ScriptedDecoder decoder, params AnswerLimits[] limits) => Search(decoder, [], limits);

    private static FoundAnswer[] Search(ScriptedDecoder decoder, int[] guesses, params AnswerLimits[] limits)
    {
        Answers answers = new(limits.Length);
        new GreedySearch(Tokens, limits, guesses).Run(decoder, answers, CancellationToken.None);
        return answers.Found;
    }

    /// <summary>Keeps what is found, in the order of the answers and of finding.</summary>
    private sealed class Answers(int count) : ISearchListener
    {
        public FoundAnswer[] Found { get; } = new FoundAnswer[count];

        public List<int> Order { get; } = [];

        public List<int> AtSteps { get; } = [];

        public HashSet<int> Unwanted { get; } = [];

        public int Steps { get; private set; }

        public bool IsWanted(int answer) => !Unwanted.Contains(answer);

        void ISearchListener.Found(int answer, FoundAnswer found)
        {
            Found[answer] = found;
            Order.Add(answer);
            AtSteps.Add(Steps);
        }

        public void StepDone(bool isLong) => Steps++;
    }

    /// <summary>Gives each answer the tokens of its script: logit 5 for the scripted one, 1 for all others.</summary>
    private sealed class ScriptedDecoder(int[][] scripts) : IAnswerDecoder
    {
        public int VocabularySize => 8;

        public List<int> Positions { get; } = [];

        public Action<int>? OnStep { get; init; }

        private readonly List<DecoderRow> _read = [];

        public ReadOnlySpan<float> Step(ReadOnlySpan<DecoderRow> rows)
        {
            _read.AddRange(rows);
            float[] logits = new float[rows.Length * VocabularySize];
            Array.Fill(logits, 1);
            for (int row = 0; row < rows.Length; row++)
            {
                int position = 0;
                for (int parent = rows[row].Parent; parent != DecoderRow.None; parent = _read[parent].Parent)
                    position++;
                if (row == 0)
                {
                    Positions.Add(position);
                    OnStep?.Invoke(position);
                }
                int[] script = scripts[rows[row].Answer];
                // Whoever follows a token that is not the script's is told nonsense.
                bool follows = position == 0 || script[position - 1] == rows[row].Token;
                logits[(row * VocabularySize) + (follows ? script[position] : 0)] = 5;
            }
            return logits;
        }

        public void Forget() => _read.Clear();
    }
}
