using Blip.Scheduling;

namespace Blip.Networks;

/// <summary>A text that is matched with an image, or stands alone, as the network takes it.</summary>
/// <param name="Embeddings">The image; <see langword="null"/> for the embedding of the text alone.</param>
/// <param name="Ids">The text's tokens, [CLS] and [SEP] included.</param>
internal sealed record ImageText(ImageEmbeddings? Embeddings, int[] Ids) : IRunItem
{
    private static readonly object Alone = new();

    /// <inheritdoc/>
    public int Tokens => Ids.Length;

    /// <summary>Texts on one image are encoded in one pass.</summary>
    public object Group => Embeddings ?? Alone;
}
