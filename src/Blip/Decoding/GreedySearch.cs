using System.Buffers;

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
    /// <param name="cancellationToken">Checked before each step.</param>
    public static FoundAnswer[] Run(IAnswerDecoder decoder, AnswerTokens tokens, ReadOnlySpan<LengthLimits> limits, CancellationToken cancellationToken)
    {
        int count = limits.Length, vocabulary = decoder.VocabularySize;
        FoundAnswer[] found = new FoundAnswer[count];
        int[] rented = ArrayPool<int>.Shared.Rent(2 * count);
        try
        {
            Span<int> active = rented.AsSpan(0, count), next = rented.AsSpan(count, count);
            for (int i = 0; i < count; i++)
            {
                found[i] = new FoundAnswer(tokens.Start);
                (active[i], next[i]) = (i, tokens.Start);
            }

            for (int position = 0; active.Length > 0; position++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                ReadOnlySpan<float> logits = decoder.Step(active, next, position);
                int kept = 0;
                for (int row = 0; row < active.Length; row++)
                {
                    int answer = active[row];
                    LengthLimits limit = limits[answer];
                    int banned = position < limit.MinNewTokens ? tokens.End : -1;
                    TokenDistribution distribution = new(logits.Slice(row * vocabulary, vocabulary), banned);
                    if (position == 0)
                        found[answer].Alternatives = distribution.Top(AlternativeCount);
                    int token = distribution.Likeliest;
                    found[answer].Add(token, distribution.LogProbability(token));
                    if (token != tokens.End && position + 1 < limit.MaxNewTokens)
                        (active[kept], next[kept++]) = (answer, token);
                }
                active = active[..kept];
                next = next[..kept];
            }
        }
        finally
        {
            ArrayPool<int>.Shared.Return(rented);
        }
        return found;
    }
}
