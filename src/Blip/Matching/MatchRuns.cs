using System.Numerics.Tensors;
using Blip.Answering;
using Blip.Decoding;
using Blip.Networks;
using Blip.Scheduling;

namespace Blip.Matching;

/// <summary>Matches texts with images, and makes embeddings of texts, in runs that callers share. Thread-safe.</summary>
internal sealed class MatchRuns
{
    private readonly MatchingNetwork _network;
    private readonly RunQueue<ImageText, MatchResult> _texts;

    /// <param name="network">Outlives the runs.</param>
    /// <param name="runs">Those of the images.</param>
    public MatchRuns(MatchingNetwork network, ImageRuns runs)
    {
        _network = network;
        _texts = runs.CreateQueue<ImageText, MatchResult>(int.MaxValue, Match, text => text.Embeddings?.Release(), waitingRuns: 0);
    }

    /// <summary>Matches the texts of a call. Each holds a reference to its image, if it has one, which is owned from here on.</summary>
    public Task<MatchResult>[] Match(IReadOnlyList<ImageText> texts, CancellationToken cancellationToken) =>
        _texts.Enqueue(texts, cancellationToken);

    private void Match(Run<ImageText, MatchResult> run)
    {
        int[][] ids = [.. run.Items.Select(text => text.Ids)];
        float[] vectors = _network.Embed(ids, run.Token);
        int size = vectors.Length / ids.Length;
        for (int begin = 0; begin < ids.Length;)
        {
            int end = begin + 1;
            while (end < ids.Length && ReferenceEquals(run.Items[end].Embeddings, run.Items[begin].Embeddings))
                end++;
            float[]? logits = run.Items[begin].Embeddings is { } image ? _network.Match(image, ids.AsSpan(begin..end), run.Token) : null;
            for (int i = begin; i < end; i++)
            {
                double match = logits is null ? 0 : Probability(logits.AsSpan(2 * (i - begin), 2));
                float[] vector = vectors.AsSpan(i * size, size).ToArray();
                if (!double.IsFinite(match) || !float.IsFinite(TensorPrimitives.Sum<float>(vector)))
                    throw new NonFiniteException();
                run.Complete(i, new MatchResult(match, vector));
            }
            begin = end;
        }
    }

    /// <summary>The share of the second of two logits.</summary>
    private static double Probability(ReadOnlySpan<float> logits) => 1 / (1 + Math.Exp((double)logits[0] - logits[1]));
}
