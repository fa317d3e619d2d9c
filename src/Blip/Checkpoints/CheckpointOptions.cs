namespace Blip.Checkpoints;

/// <summary>How a checkpoint's files are read.</summary>
public sealed record CheckpointOptions
{
    /// <summary>
    /// Whether <c>num_attention_heads</c> is used as the file says, even where the text configuration has the old error of 8 heads at width
    /// 768. False by default: it is read as 12, because the weights are made for 12 heads.
    /// </summary>
    public bool ObeyHeadCount { get; init; }

    /// <summary>
    /// Width and height of the images in pixels, 1 to 8,192; by default what config.json says. For another size than the model was trained
    /// with, its positions are interpolated as transformers' <c>interpolate_pos_encoding</c> does it. A rest of the image smaller than a
    /// patch is left out.
    /// </summary>
    public int? ImageSize { get; init; }

    /// <summary>
    /// The folder of a LoRA adapter as PEFT saves it (adapter_config.json and adapter_model.safetensors), which is merged into the weights
    /// in fp32 before anything else, as PEFT's <c>merge_and_unload</c> does it; none by default.
    /// </summary>
    public string? AdapterDirectory { get; init; }
}
