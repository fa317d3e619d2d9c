namespace Blip.Checkpoints;

/// <summary>The sizes of the vision transformer: <c>vision_config</c> of config.json.</summary>
/// <param name="HiddenSize">Width D.</param>
/// <param name="IntermediateSize">Width of the feed-forward part.</param>
/// <param name="NumHiddenLayers">Layers.</param>
/// <param name="NumAttentionHeads">Heads, each D / heads wide.</param>
/// <param name="ImageSize">Width and height of the image in pixels.</param>
/// <param name="PatchSize">Width and height of a patch in pixels; a rest of the image smaller than a patch is left out.</param>
/// <param name="LayerNormEps">Added to the variance in layer norms.</param>
public sealed record BlipVisionConfig(
    int HiddenSize, int IntermediateSize, int NumHiddenLayers, int NumAttentionHeads, int ImageSize, int PatchSize, float LayerNormEps)
{
    /// <summary>Patches plus the class token: N + 1, 577 for 384 pixels in patches of 16.</summary>
    public int TokenCount => (ImageSize / PatchSize * (ImageSize / PatchSize)) + 1;
}
