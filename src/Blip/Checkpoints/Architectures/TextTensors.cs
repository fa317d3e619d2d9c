using static Blip.Checkpoints.ExpectedTensor;

namespace Blip.Checkpoints;

/// <summary>The tensors of a text transformer whose layers attend to the image: an encoder of texts or a decoder.</summary>
internal static class TextTensors
{
    /// <param name="text">The sizes.</param>
    /// <param name="prefix">What the names begin with, for example <c>text_encoder.</c></param>
    /// <param name="attended">The width of what the layers attend to.</param>
    public static IEnumerable<ExpectedTensor> Of(BlipTextConfig text, string prefix, int attended) =>
    [
        new(prefix + "embeddings.word_embeddings.weight", text.VocabSize, text.HiddenSize),
        new(prefix + "embeddings.position_embeddings.weight", text.MaxPositionEmbeddings, text.HiddenSize),
        .. Norm(prefix + "embeddings.LayerNorm", text.HiddenSize),
        .. Enumerable.Range(0, text.NumHiddenLayers).SelectMany(index => Layer(text, prefix, index, attended)),
    ];

    private static IEnumerable<ExpectedTensor> Layer(BlipTextConfig text, string prefix, int index, long attended)
    {
        long width = text.HiddenSize, inner = text.IntermediateSize;
        string layer = FormattableString.Invariant($"{prefix}encoder.layer.{index}.");
        return
        [
            .. Attention(layer + "attention.", width, width),
            .. Attention(layer + "crossattention.", width, attended),
            .. Linear(layer + "intermediate.dense", width, inner),
            .. Linear(layer + "output.dense", inner, width),
            .. Norm(layer + "output.LayerNorm", width),
        ];
    }

    private static IEnumerable<ExpectedTensor> Attention(string part, long width, long attended) =>
    [
        .. Linear(part + "self.query", width, width),
        .. Linear(part + "self.key", attended, width),
        .. Linear(part + "self.value", attended, width),
        .. Linear(part + "output.dense", width, width),
        .. Norm(part + "output.LayerNorm", width),
    ];
}
