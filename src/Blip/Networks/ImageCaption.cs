using Blip.Decoding;
using Blip.Scheduling;

namespace Blip.Networks;

/// <summary>One caption as the network takes it.</summary>
/// <param name="Embeddings">The image.</param>
/// <param name="Prompt">The tokens with which the caption begins, after the start token; none as a rule.</param>
/// <param name="Limits">How long it may be, the prompt not counted.</param>
/// <param name="Beams">How it is searched for; <see langword="null"/> for greedy search.</param>
internal sealed record ImageCaption(ImageEmbeddings Embeddings, int[] Prompt, AnswerLimits Limits, BeamPlan? Beams) : IRunItem
{
    /// <inheritdoc/>
    public int Tokens => 1 + Prompt.Length;

    /// <inheritdoc/>
    public object Group => Embeddings;
}
