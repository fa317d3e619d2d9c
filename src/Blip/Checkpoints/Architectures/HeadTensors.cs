using static Blip.Checkpoints.ExpectedTensor;

namespace Blip.Checkpoints;

/// <summary>The tensors of the decoder's head, which makes logits of hidden states.</summary>
internal static class HeadTensors
{
    private const string Prefix = "text_decoder.cls.predictions.";
    private const string Weight = Prefix + "decoder.weight", Bias = Prefix + "decoder.bias", OtherBias = Prefix + "bias";
    private const string Embeddings = "text_decoder.bert.embeddings.word_embeddings.weight";

    /// <summary>
    /// Gives each tensor its one name. Files store the bias under either of two names, or under both: then it is <c>decoder.bias</c> that
    /// the layer adds. A file may hold the weight as the head alone: then the word embeddings are the head.
    /// </summary>
    public static void UseOneName(Dictionary<string, CheckpointTensor> tensors)
    {
        if (tensors.TryGetValue(OtherBias, out CheckpointTensor? bias))
            tensors.TryAdd(Bias, bias);
        if (tensors.TryGetValue(Weight, out CheckpointTensor? weight))
            tensors.TryAdd(Embeddings, weight);
    }

    /// <summary>Whether the head's weight is the decoder's word embeddings.</summary>
    // A head in the file is what the model was trained with, whatever tie_word_embeddings says: transformers 4 never ties this head, and
    // transformers 5 does not where both are in the file and differ.
    public static bool IsTied(Dictionary<string, CheckpointTensor> tensors) =>
        !tensors.TryGetValue(Weight, out CheckpointTensor? weight)
        || (tensors.TryGetValue(Embeddings, out CheckpointTensor? embeddings) && weight.HasBytesOf(embeddings));

    /// <summary>The name under which a checkpoint with one name for each tensor has the tensor that another file calls so.</summary>
    public static string StoredName(string name, Dictionary<string, CheckpointTensor> tensors) => name switch
    {
        OtherBias => Bias,
        Weight when !tensors.ContainsKey(Weight) => Embeddings,
        _ => name,
    };

    /// <summary>Whether a tensor is the head's weight and the word embeddings at once.</summary>
    public static bool AreShared(string name, Dictionary<string, CheckpointTensor> tensors) =>
        name is Weight or Embeddings && IsTied(tensors);

    public static IEnumerable<ExpectedTensor> Of(BlipTextConfig text, bool isTied)
    {
        long width = text.HiddenSize;
        return
        [
            .. Linear(Prefix + "transform.dense", width, width),
            .. Norm(Prefix + "transform.LayerNorm", width),
            new(Bias, text.VocabSize),
            .. isTied ? Array.Empty<ExpectedTensor>() : [new(Weight, text.VocabSize, width)],
        ];
    }
}
