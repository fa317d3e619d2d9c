namespace Blip.Decoding;

/// <summary>One answer while it is searched for by beams, as transformers' release 5 does it for a question alone.</summary>
/// <param name="tokens">The start and end tokens.</param>
/// <param name="limits">The answer's limits.</param>
/// <param name="plan">How it is searched for.</param>
internal sealed class BeamAnswer(AnswerTokens tokens, AnswerLimits limits, BeamPlan plan)
{
    /// <summary>Ended answers, the best first; at most as many as there are beams.</summary>
    private readonly List<(Beam Beam, double Score)> _ended = [];

    /// <summary>What the decoder reads next, the most likely first; empty where the search is over.</summary>
    public List<Beam> Running { get; private set; } = [new Beam(previous: null, tokens.Start, 0)];

    /// <summary>Takes the logits of the running beams [beams, V].</summary>
    public void Advance(ReadOnlySpan<float> logits)
    {
        int vocabulary = logits.Length / Running.Count, length = Running[0].Length + 1;
        bool mayEnd = length > limits.MinNewTokens;
        List<Beam> next = [];
        for (int i = 0; i < Running.Count; i++)
        {
            // Unlike in greedy search, a banned end keeps its share of the probability.
            TokenDistribution distribution = new(logits.Slice(i * vocabulary, vocabulary), banned: -1);
            double[]? sums = limits.Temperatures is { } temperatures ? distribution.LogSums(temperatures) : null;
            foreach ((int token, float logProbability) in distribution.Top((2 * plan.Beams) + (mayEnd ? 0 : 1)))
            {
                if (mayEnd || token != tokens.End)
                {
                    next.Add(new Beam(
                        Running[i], token, logProbability,
                        sums is null ? null : distribution.LogProbabilities(token, limits.Temperatures!, sums)));
                }
            }
        }
        // Of each beam one may end, so twice as many leave enough to continue with. The order of equals stays: by beam, then by token.
        next = [.. next.OrderByDescending(beam => beam.Sum).Take(2 * plan.Beams)];

        Running = [];
        for (int i = 0; i < next.Count; i++)
        {
            bool ends = next[i].Token == tokens.End || length == limits.MaxNewTokens;
            if (!ends && Running.Count < plan.Beams)
                Running.Add(next[i]);
            else if (ends && i < plan.Beams)
                AddEnded(next[i]);
        }
        if (Running.Count > 0 && !CanImprove(length))
            Running = [];
    }

    /// <summary>The best answer, with the others as its sequences.</summary>
    public FoundAnswer Answer()
    {
        FoundAnswer best = _ended[0].Beam.Answer();
        best.Sequences = [.. _ended.Take(plan.Best).Select(one => new FoundSequence(one.Beam.Answer(), one.Score))];
        return best;
    }

    private void AddEnded(Beam beam)
    {
        double score = Score(beam, beam.Length);
        int place = _ended.FindIndex(other => other.Score < score);
        _ended.Insert(place < 0 ? _ended.Count : place, (beam, score));
        if (_ended.Count > plan.Beams)
            _ended.RemoveAt(plan.Beams);
    }

    private bool CanImprove(int length)
    {
        if (_ended.Count < plan.Beams)
            return true;
        int longest = plan is { EarlyStopping: EarlyStopping.Never, LengthPenalty: > 0 } ? limits.MaxNewTokens : length;
        return plan.EarlyStopping != EarlyStopping.True && Score(Running[0], longest) > _ended[^1].Score;
    }

    private double Score(Beam beam, int length) => beam.Sum / Math.Pow(length, plan.LengthPenalty);
}
