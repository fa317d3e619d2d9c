namespace Blip.Checkpoints;

/// <summary>
/// Checks that a checkpoint has every tensor of a BLIP visual question answering model, in the shape that its configuration gives.
/// Others, such as old files' <c>position_ids</c>, are ignored.
/// </summary>
internal static class ModelTensors
{
    public const string DecoderWords = "text_decoder.bert.embeddings.word_embeddings.weight";
    public const string HeadWeight = "text_decoder.cls.predictions.decoder.weight";
    public const string HeadBias = "text_decoder.cls.predictions.bias";

    private const string OtherHeadBias = "text_decoder.cls.predictions.decoder.bias";

    /// <summary>Gives the head's tensors their one name and checks them all. Returns whether the head is tied to the decoder's word embeddings.</summary>
    public static bool Check(BlipConfig config, Dictionary<string, CheckpointTensor> tensors)
    {
        // The head's bias is stored under one of two names, or both; they are the same parameter.
        if (!tensors.ContainsKey(HeadBias) && tensors.TryGetValue(OtherHeadBias, out CheckpointTensor? bias))
            tensors.Add(HeadBias, bias);
        // Tied, the embeddings win, whatever is stored beside them: so does transformers.
        bool tied = config.TieWordEmbeddings || !tensors.ContainsKey(HeadWeight);
        foreach ((string name, long[] shape) in Expected(config, tied))
            CheckOne(tensors, name, shape);
        return tied;
    }

    private static void CheckOne(Dictionary<string, CheckpointTensor> tensors, string name, long[] shape)
    {
        if (!tensors.TryGetValue(name, out CheckpointTensor? tensor))
        {
            string file = tensors.Values.FirstOrDefault()?.File ?? "the weights' file";
            throw new BlipModelException($"Tensor {name} is missing from {file}. Take a complete checkpoint of a BLIP visual question answering model.");
        }
        if (!tensor.Shape.SequenceEqual(shape))
        {
            throw new BlipModelException(
                $"Tensor {name} in {tensor.File} has the shape [{string.Join(", ", tensor.Shape)}]; config.json asks for [{string.Join(", ", shape)}]. Take both files from the same model.");
        }
        if (tensor.Type == TensorType.Other)
            throw new BlipModelException($"Tensor {name} in {tensor.File} is stored as {tensor.StoredType}; weights are read as F32, F16 or BF16. Take the model in one of these.");
    }

    private static IEnumerable<(string Name, long[] Shape)> Expected(BlipConfig config, bool tied) =>
        [.. Vision(config.Vision), .. Text(config.Text, "text_encoder."), .. Text(config.Text, "text_decoder.bert."), .. Head(config.Text, tied)];

    private static IEnumerable<(string, long[])> Vision(BlipVisionConfig vision)
    {
        long width = vision.HiddenSize, inner = vision.IntermediateSize, patch = vision.PatchSize;
        const string Prefix = "vision_model.";
        yield return (Prefix + "embeddings.class_embedding", [1, 1, width]);
        yield return (Prefix + "embeddings.position_embedding", [1, vision.TokenCount, width]);
        yield return (Prefix + "embeddings.patch_embedding.weight", [width, 3, patch, patch]);
        yield return (Prefix + "embeddings.patch_embedding.bias", [width]);
        for (int i = 0; i < vision.NumHiddenLayers; i++)
        {
            string layer = FormattableString.Invariant($"{Prefix}encoder.layers.{i}.");
            foreach ((string, long[]) tensor in (IEnumerable<(string, long[])>)
                [
                    .. Norm(layer + "layer_norm1", width), .. Linear(layer + "self_attn.qkv", width, 3 * width), .. Linear(layer + "self_attn.projection", width, width),
                    .. Norm(layer + "layer_norm2", width), .. Linear(layer + "mlp.fc1", width, inner), .. Linear(layer + "mlp.fc2", inner, width),
                ])
                yield return tensor;
        }
        foreach ((string, long[]) tensor in Norm(Prefix + "post_layernorm", width))
            yield return tensor;
    }

    private static IEnumerable<(string, long[])> Text(BlipTextConfig text, string prefix)
    {
        long width = text.HiddenSize, inner = text.IntermediateSize;
        yield return (prefix + "embeddings.word_embeddings.weight", [text.VocabSize, width]);
        yield return (prefix + "embeddings.position_embeddings.weight", [text.MaxPositionEmbeddings, width]);
        foreach ((string, long[]) tensor in Norm(prefix + "embeddings.LayerNorm", width))
            yield return tensor;
        for (int i = 0; i < text.NumHiddenLayers; i++)
        {
            string layer = FormattableString.Invariant($"{prefix}encoder.layer.{i}.");
            foreach ((string, long[]) tensor in (IEnumerable<(string, long[])>)
                [
                    .. Attention(layer + "attention."), .. Attention(layer + "crossattention."), .. Linear(layer + "intermediate.dense", width, inner),
                    .. Linear(layer + "output.dense", inner, width), .. Norm(layer + "output.LayerNorm", width),
                ])
                yield return tensor;
        }

        IEnumerable<(string, long[])> Attention(string part) =>
        [
            .. Linear(part + "self.query", width, width), .. Linear(part + "self.key", width, width), .. Linear(part + "self.value", width, width),
            .. Linear(part + "output.dense", width, width), .. Norm(part + "output.LayerNorm", width),
        ];
    }

    private static IEnumerable<(string, long[])> Head(BlipTextConfig text, bool tied)
    {
        long width = text.HiddenSize;
        const string Prefix = "text_decoder.cls.predictions.transform.";
        foreach ((string, long[]) tensor in (IEnumerable<(string, long[])>)[.. Linear(Prefix + "dense", width, width), .. Norm(Prefix + "LayerNorm", width)])
            yield return tensor;
        yield return (HeadBias, [text.VocabSize]);
        if (!tied)
            yield return (HeadWeight, [text.VocabSize, width]);
    }

    private static IEnumerable<(string, long[])> Linear(string name, long inputs, long outputs) => [(name + ".weight", [outputs, inputs]), (name + ".bias", [outputs])];

    private static IEnumerable<(string, long[])> Norm(string name, long width) => [(name + ".weight", [width]), (name + ".bias", [width])];
}
