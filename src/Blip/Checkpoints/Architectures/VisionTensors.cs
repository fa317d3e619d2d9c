using static Blip.Checkpoints.ExpectedTensor;

namespace Blip.Checkpoints;

/// <summary>The tensors of the vision transformer, which every architecture has.</summary>
internal static class VisionTensors
{
    private const string Prefix = "vision_model.";

    /// <summary>Whether it is the name of a tensor of the vision network.</summary>
    public static bool Has(string name) => name.StartsWith(Prefix, StringComparison.Ordinal);

    public static IEnumerable<ExpectedTensor> Of(BlipVisionConfig vision)
    {
        long width = vision.HiddenSize, patch = vision.PatchSize;
        return
        [
            new(Prefix + "embeddings.class_embedding", 1, 1, width),
            new(Prefix + "embeddings.position_embedding", 1, vision.TokenCount, width),
            new(Prefix + "embeddings.patch_embedding.weight", width, 3, patch, patch),
            new(Prefix + "embeddings.patch_embedding.bias", width),
            .. Enumerable.Range(0, vision.NumHiddenLayers).SelectMany(index => Layer(vision, index)),
            .. Norm(Prefix + "post_layernorm", width),
        ];
    }

    private static IEnumerable<ExpectedTensor> Layer(BlipVisionConfig vision, int index)
    {
        long width = vision.HiddenSize, inner = vision.IntermediateSize;
        string layer = FormattableString.Invariant($"{Prefix}encoder.layers.{index}.");
        return
        [
            .. Norm(layer + "layer_norm1", width),
            .. Linear(layer + "self_attn.qkv", width, 3 * width),
            .. Linear(layer + "self_attn.projection", width, width),
            .. Norm(layer + "layer_norm2", width),
            .. Linear(layer + "mlp.fc1", width, inner),
            .. Linear(layer + "mlp.fc2", inner, width),
        ];
    }
}
