namespace Blip.Checkpoints;

/// <summary>The sizes of the question encoder and the answer decoder, which are alike: <c>text_config</c> of config.json.</summary>
/// <param name="VocabSize">Word pieces, special tokens included.</param>
/// <param name="HiddenSize">Width D.</param>
/// <param name="IntermediateSize">Width of the feed-forward part.</param>
/// <param name="NumHiddenLayers">Layers.</param>
/// <param name="NumAttentionHeads">Heads, each D / heads wide.</param>
/// <param name="MaxPositionEmbeddings">The longest question in tokens.</param>
/// <param name="LayerNormEps">Added to the variance in layer norms.</param>
/// <param name="BosTokenId">The token that starts an answer: [DEC].</param>
/// <param name="SepTokenId">The token that ends an answer: [SEP]. The file's <c>eos_token_id</c> means nothing.</param>
/// <param name="PadTokenId">Padding.</param>
public sealed record BlipTextConfig(
    int VocabSize, int HiddenSize, int IntermediateSize, int NumHiddenLayers, int NumAttentionHeads, int MaxPositionEmbeddings,
    float LayerNormEps, int BosTokenId, int SepTokenId, int PadTokenId);
