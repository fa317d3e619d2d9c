using Blip.Decoding;
using Blip.Scheduling;

namespace Blip.Networks;

/// <summary>One question as the network takes it.</summary>
/// <param name="Embeddings">The image.</param>
/// <param name="Ids">The question's tokens, [CLS] and [SEP] included.</param>
/// <param name="Limits">How long its answer may be.</param>
internal sealed record ImageQuestion(ImageEmbeddings Embeddings, int[] Ids, AnswerLimits Limits) : IRunItem
{
    /// <inheritdoc/>
    public int Tokens => Ids.Length;

    /// <summary>Questions on one image are encoded in one pass.</summary>
    public object Group => Embeddings;
}
