namespace Blip.Images;

/// <summary>How images are read. Immutable and thread-safe.</summary>
public sealed record ImageOptions
{
    /// <summary>How large an image may be. Default <see cref="ImageLimits.Default"/>.</summary>
    public ImageLimits Limits { get; init; } = ImageLimits.Default;

    /// <summary>
    /// Whether the orientation that a camera noted (EXIF, else XMP) is applied, so that the model sees what a person sees. Default
    /// <see langword="false"/>, as the published Python preprocessing does.
    /// </summary>
    public bool Orient { get; init; }

    /// <summary>What becomes of transparency. Default <see cref="AlphaMode.White"/>.</summary>
    public AlphaMode Alpha { get; init; }

    /// <summary>The order of the resampling passes. Default <see cref="ResizeMode.Pillow"/>.</summary>
    public ResizeMode Resize { get; init; }
}
