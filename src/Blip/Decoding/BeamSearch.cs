using System.Runtime.InteropServices;

namespace Blip.Decoding;

/// <summary>Beam search for several answers side by side, each on its own. Rows are a tree, so there is no cache to reorder.</summary>
/// <param name="tokens">The start and end tokens.</param>
/// <param name="answers">The limits and the plan of each answer to be found.</param>
internal sealed class BeamSearch(AnswerTokens tokens, IReadOnlyList<(AnswerLimits Limits, BeamPlan Plan)> answers) : IAnswerSearch
{
    public void Run(IAnswerDecoder decoder, ISearchListener listener, CancellationToken cancellationToken)
    {
        BeamAnswer[] found = [.. answers.Select(answer => new BeamAnswer(tokens, answer.Limits, answer.Plan))];
        List<int> active = [.. Enumerable.Range(0, found.Length)];
        List<DecoderRow> rows = [];
        for (int read = 0; ; read += rows.Count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            active.RemoveAll(answer => !listener.IsWanted(answer));
            if (active.Count == 0)
                return;
            rows.Clear();
            foreach (int answer in active)
            {
                foreach (Beam beam in found[answer].Running)
                {
                    beam.Row = read + rows.Count;
                    rows.Add(new DecoderRow(answer, beam.Token, beam.Parent));
                }
            }
            ReadOnlySpan<float> logits = decoder.Step(CollectionsMarshal.AsSpan(rows));
            foreach (int answer in active)
            {
                int length = found[answer].Running.Count * decoder.VocabularySize;
                found[answer].Advance(logits[..length]);
                logits = logits[length..];
                if (found[answer].Running.Count == 0)
                    listener.Found(answer, found[answer].Answer());
            }
            active.RemoveAll(answer => found[answer].Running.Count == 0);
            if (active.Count > 0)
                listener.StepDone();
        }
    }
}
