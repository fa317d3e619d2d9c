using static Blip.Checkpoints.ExpectedTensor;

namespace Blip.Checkpoints;

/// <summary>The tensors of the decoder's head, which makes logits of hidden states.</summary>
internal static class HeadTensors
{
    private const string Prefix = "text_decoder.cls.predictions.";
    private const string Weight = Prefix + "decoder.weight", Bias = Prefix + "bias", OtherBias = Prefix + "decoder.bias";

    /// <summary>Gives the bias its one name: files store it under either of two names, or under both.</summary>
    public static void UseOneName(Dictionary<string, CheckpointTensor> tensors)
    {
        if (!tensors.ContainsKey(Bias) && tensors.TryGetValue(OtherBias, out CheckpointTensor? bias))
            tensors.Add(Bias, bias);
    }

    /// <summary>Whether the head's weight is the decoder's word embeddings.</summary>
    // Where the configuration ties them, the embeddings are used even if a head is stored too, as transformers does.
    public static bool IsTied(BlipConfig config, Dictionary<string, CheckpointTensor> tensors) =>
        config.TieWordEmbeddings || !tensors.ContainsKey(Weight);

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
