using System.Runtime.InteropServices;

namespace Blip.Decoding;

/// <summary>
/// Ranks given answers by their probability. All their tokens are known, so a pass reads many of them at once, shared beginnings once;
/// nothing that it read is needed by the next pass.
/// </summary>
/// <param name="tokens">The start and end tokens.</param>
/// <param name="choices">What each answer may be.</param>
/// <param name="maxRows">Rows of a pass; a longer choice has a pass of its own.</param>
internal sealed class RankSearch(AnswerTokens tokens, IReadOnlyList<ChoiceList> choices, int maxRows) : IAnswerSearch
{
    private readonly ChoiceRanking[] _rankings = [.. choices.Select(list => new ChoiceRanking(list))];
    private readonly List<DecoderRow> _rows = [];
    private readonly List<(int Answer, int Choice, int[] Rows)> _waiting = [];

    public void Run(IAnswerDecoder decoder, ISearchListener listener, CancellationToken cancellationToken)
    {
        RankBeginnings(decoder);
        List<int> complete = [];
        for (int answer = 0; answer < choices.Count; answer++)
        {
            int[]? before = null;
            int[] beforeTokens = [];
            foreach (int choice in choices[answer].InOrder(_rankings[answer].FirstTokens))
            {
                int[] choiceTokens = choices[answer].Tokens[choice];
                int shared = before is null ? 0 : Math.Min(1 + choiceTokens.AsSpan().CommonPrefixLength(beforeTokens), before.Length);
                if (_rows.Count > 0 && _rows.Count + choiceTokens.Length - shared > maxRows)
                {
                    Pass();
                    shared = 0;
                }
                if (!listener.IsWanted(answer))
                    break;
                (before, beforeTokens) = (AddRows(answer, choiceTokens, before.AsSpan(0, shared)), choiceTokens);
                _waiting.Add((answer, choice, before));
            }
            complete.Add(answer);
        }
        Pass();

        void Pass()
        {
            cancellationToken.ThrowIfCancellationRequested();
            Read(decoder);
            foreach (int answer in complete.Where(listener.IsWanted))
                listener.Found(answer, _rankings[answer].Answer(tokens.Start));
            complete.Clear();
            listener.StepDone(isLong: true);
        }
    }

    /// <summary>The rows of a choice: those that it shares with the one before, and new ones for the rest.</summary>
    private int[] AddRows(int answer, int[] choice, ReadOnlySpan<int> shared)
    {
        int[] rows = new int[choice.Length];
        shared.CopyTo(rows);
        for (int i = shared.Length; i < rows.Length; i++)
        {
            rows[i] = _rows.Count;
            _rows.Add(i == 0
                ? new DecoderRow(answer, tokens.Start, DecoderRow.None)
                : new DecoderRow(answer, choice[i - 1], rows[i - 1]));
        }
        return rows;
    }

    /// <summary>The first of two stages, for those questions that have two.</summary>
    private void RankBeginnings(IAnswerDecoder decoder)
    {
        int[] answers = [.. Enumerable.Range(0, choices.Count).Where(answer => _rankings[answer].IsTwoStage)];
        if (answers.Length == 0)
            return;
        ReadOnlySpan<float> logits = decoder.Step([.. answers.Select(answer => new DecoderRow(answer, tokens.Start, DecoderRow.None))]);
        for (int i = 0; i < answers.Length; i++)
            _rankings[answers[i]].Begin(logits.Slice(i * decoder.VocabularySize, decoder.VocabularySize));
        decoder.Forget();
    }

    private void Read(IAnswerDecoder decoder)
    {
        if (_waiting.Count == 0)
            return;
        ReadOnlySpan<float> logits = decoder.Step(CollectionsMarshal.AsSpan(_rows));
        float[] logSums = new float[_rows.Count];
        for (int i = 0; i < logSums.Length; i++)
            logSums[i] = new TokenDistribution(logits.Slice(i * decoder.VocabularySize, decoder.VocabularySize), banned: -1).LogSum;
        foreach ((int answer, int choice, int[] rows) in _waiting)
            _rankings[answer].Add(choice, rows, logits, logSums);
        decoder.Forget();
        _rows.Clear();
        _waiting.Clear();
    }
}
