using System.Runtime.InteropServices;

namespace Blip.Decoding;

/// <summary>
/// Greedy search as transformers' <c>generate</c> does it for BLIP: the likeliest token, until the end token or the limit.
/// Answers run side by side, each on its own; one that has ended takes no further part.
/// </summary>
internal static class GreedySearch
{
    /// <summary>How many first tokens are reported as alternatives.</summary>
    public const int AlternativeCount = 5;

    /// <summary>Finds one answer for each limit given.</summary>
    /// <param name="decoder">Knows the questions.</param>
    /// <param name="tokens">The start and end tokens.</param>
    /// <param name="limits">Each answer's limits.</param>
    /// <param name="guesses">Tokens that the first answer may begin with. They are read in the first pass, and used where the search comes to the same.</param>
    /// <param name="cancellationToken">Checked before each step.</param>
    public static FoundAnswer[] Run(IAnswerDecoder decoder, AnswerTokens tokens, ReadOnlySpan<LengthLimits> limits, ReadOnlySpan<int> guesses, CancellationToken cancellationToken)
    {
        FoundAnswer[] found = new FoundAnswer[limits.Length];
        List<DecoderRow> rows = new(limits.Length + guesses.Length), next = new(limits.Length);
        for (int i = 0; i < limits.Length; i++)
        {
            found[i] = new FoundAnswer(tokens.Start);
            rows.Add(new DecoderRow(i, tokens.Start, DecoderRow.None));
        }
        foreach (int guess in guesses)
            rows.Add(new DecoderRow(0, guess, Parent: 0));

        for (int read = 0, active = limits.Length; active > 0; read += rows.Count, (rows, next) = (next, rows), active = rows.Count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlySpan<float> logits = decoder.Step(CollectionsMarshal.AsSpan(rows));
            next.Clear();
            for (int i = 0; i < active; i++)
            {
                int row = i, answer = rows[i].Answer;
                while (Extend(found[answer], tokens, limits[answer], logits.Slice(row * decoder.VocabularySize, decoder.VocabularySize)) is { } token)
                {
                    DecoderRow follower = new(answer, token, read + row);
                    row = rows.IndexOf(follower, active);
                    if (row >= 0)
                        continue;
                    next.Add(follower);
                    break;
                }
            }
        }
        return found;
    }

    /// <summary>Adds the likeliest token; gives it unless the answer ends with it.</summary>
    private static int? Extend(FoundAnswer answer, AnswerTokens tokens, LengthLimits limit, ReadOnlySpan<float> logits)
    {
        int length = answer.Tokens.Count - 1;
        TokenDistribution distribution = new(logits, banned: length < limit.MinNewTokens ? tokens.End : -1);
        if (length == 0)
            answer.Alternatives = distribution.Top(AlternativeCount);
        int token = distribution.Likeliest;
        answer.Add(token, distribution.LogProbability(token));
        return token != tokens.End && length + 1 < limit.MaxNewTokens ? token : null;
    }
}
