using System.Numerics.Tensors;

namespace Blip.Decoding;

/// <summary>The scores of one question's choices, while they are found.</summary>
internal sealed class ChoiceRanking(ChoiceList choices)
{
    /// <summary>The label smoothing of the original code's loss, by which its two-stage rank orders.</summary>
    private const double Smoothing = 0.1;

    private readonly List<(int Choice, double Score)> _scores = [];
    private float[] _bestTokens = [];
    private int _best = -1;

    /// <summary>How likely the choices begin, where only some of them are kept.</summary>
    public float[]? FirstTokens { get; private set; }

    public bool IsTwoStage => choices.Keep > 0;

    /// <summary>Takes the logits after the start token.</summary>
    public void Begin(ReadOnlySpan<float> logits)
    {
        TokenDistribution distribution = new(logits, banned: -1);
        FirstTokens = new float[choices.Tokens.Count];
        for (int i = 0; i < FirstTokens.Length; i++)
            FirstTokens[i] = distribution.LogProbability(choices.Tokens[i][0]);
    }

    /// <summary>Takes what the rows of a choice gave.</summary>
    /// <param name="choice">Its place.</param>
    /// <param name="rows">The start token and the choice's tokens but for the last: the row before each of its tokens.</param>
    /// <param name="logits">The logits of all rows of the pass [rows, V].</param>
    /// <param name="logSums">The logarithm of the sum of the exponentials of each row.</param>
    public void Add(int choice, ReadOnlySpan<int> rows, ReadOnlySpan<float> logits, ReadOnlySpan<float> logSums)
    {
        int[] tokens = choices.Tokens[choice];
        int vocabulary = logits.Length / logSums.Length;
        float[] logProbabilities = new float[tokens.Length];
        double score = 0;
        for (int i = 0; i < tokens.Length; i++)
        {
            ReadOnlySpan<float> row = logits.Slice(rows[i] * vocabulary, vocabulary);
            logProbabilities[i] = row[tokens[i]] - logSums[rows[i]];
            score += IsTwoStage
                ? ((1 - Smoothing) * logProbabilities[i]) + (Smoothing * ((TensorPrimitives.Sum(row) / vocabulary) - logSums[rows[i]]))
                : logProbabilities[i];
        }
        if (choices.PerToken)
            score /= tokens.Length;
        if (_best < 0 || score > _scores[_best].Score)
            (_best, _bestTokens) = (_scores.Count, logProbabilities);
        _scores.Add((choice, score));
    }

    /// <summary>The best choice, with the ranks of all.</summary>
    /// <param name="start">The start token.</param>
    public FoundAnswer Answer(int start)
    {
        FoundAnswer answer = new(start) { Ranked = [.. _scores.OrderByDescending(one => one.Score)] };
        foreach ((int token, float logProbability) in choices.Tokens[_scores[_best].Choice].Zip(_bestTokens))
            answer.Add(token, logProbability);
        return answer;
    }
}
