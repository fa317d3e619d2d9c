namespace Blip.Checkpoints;

/// <summary>How a checkpoint's files are read.</summary>
public sealed record CheckpointOptions
{
    /// <summary>
    /// Whether <c>num_attention_heads</c> is obeyed where the text configuration has the old error of 8 heads at width 768. False by
    /// default: it is read as 12, because the weights are made for 12 heads.
    /// </summary>
    public bool ObeyHeadCount { get; init; }
}
