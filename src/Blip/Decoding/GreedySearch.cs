using System.Runtime.InteropServices;

namespace Blip.Decoding;

/// <summary>
/// Greedy search as transformers' <c>generate</c> does it for BLIP: the most likely token, until the end token or the limit.
/// Answers run side by side, each on its own; one that has ended takes no further part.
/// </summary>
/// <param name="tokens">The start and end tokens.</param>
/// <param name="limits">The limits of each answer to be found.</param>
/// <param name="guesses">
/// Tokens that the first answer may begin with. They are read in the first pass, and used where the search comes to the same.
/// </param>
internal sealed class GreedySearch(AnswerTokens tokens, IReadOnlyList<AnswerLimits> limits, IReadOnlyList<int> guesses) : IAnswerSearch
{
    /// <summary>How many first tokens are given: enough for five alternatives where special tokens are among them.</summary>
    public const int FirstTokenCount = 16;

    public void Run(IAnswerDecoder decoder, ISearchListener listener, CancellationToken cancellationToken)
    {
        FoundAnswer[] found = new FoundAnswer[limits.Count];
        List<DecoderRow> rows = new(limits.Count + guesses.Count), next = new(limits.Count);
        for (int i = 0; i < limits.Count; i++)
        {
            found[i] = new FoundAnswer(tokens.Start);
            rows.Add(new DecoderRow(i, tokens.Start, DecoderRow.None));
        }
        foreach (int guess in guesses)
            rows.Add(new DecoderRow(0, guess, Parent: 0));

        for (int read = 0, active = limits.Count; active > 0; read += rows.Count, (rows, next) = (next, rows), active = rows.Count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlySpan<float> logits = decoder.Step(CollectionsMarshal.AsSpan(rows));
            next.Clear();
            for (int i = 0; i < active; i++)
            {
                int row = i, answer = rows[i].Answer;
                if (!listener.IsWanted(answer))
                    continue;
                while (true)
                {
                    if (Extend(found[answer], limits[answer], Row(logits, row, decoder.VocabularySize)) is not { } token)
                    {
                        listener.Found(answer, found[answer]);
                        break;
                    }
                    DecoderRow follower = new(answer, token, read + row);
                    row = rows.IndexOf(follower, active);
                    if (row >= 0)
                        continue;
                    next.Add(follower);
                    break;
                }
            }
            if (next.Count > 0)
                listener.StepDone();
        }
    }

    private static ReadOnlySpan<float> Row(ReadOnlySpan<float> logits, int row, int length) => logits.Slice(row * length, length);

    /// <summary>Adds the most likely token; gives it unless the answer ends with it.</summary>
    private int? Extend(FoundAnswer answer, AnswerLimits limit, ReadOnlySpan<float> logits)
    {
        int length = answer.Tokens.Count - 1;
        TokenDistribution distribution = new(logits, banned: length < limit.MinNewTokens ? tokens.End : -1);
        if (length == 0)
            answer.Alternatives = distribution.Top(FirstTokenCount);
        if (limit.TopLogProbabilities > 0)
            answer.AddTop(distribution.Top(limit.TopLogProbabilities));
        int token = distribution.Likeliest;
        answer.Add(token, distribution.LogProbability(token));
        if (limit.Temperatures is { } temperatures)
            answer.AddTempered(distribution.LogProbabilities(token, temperatures, distribution.LogSums(temperatures)));
        return token != tokens.End && length + 1 < limit.MaxNewTokens ? token : null;
    }
}
