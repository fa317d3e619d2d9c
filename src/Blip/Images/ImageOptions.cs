namespace Blip.Images;

/// <summary>How images are read. Immutable and thread-safe.</summary>
public sealed record ImageOptions
{
    /// <summary>The maximum size of an image. Default <see cref="ImageLimits.Default"/>.</summary>
    public ImageLimits Limits { get; init; } = ImageLimits.Default;

    /// <summary>What is done with the orientation that a camera stored. Default <see cref="ImageOrientation.Apply"/>.</summary>
    public ImageOrientation Orientation { get; init; }

    /// <summary>How transparent pixels are read. Default <see cref="AlphaMode.White"/>.</summary>
    public AlphaMode Alpha { get; init; }

    /// <summary>The order of the resampling passes. Default <see cref="ResizeMode.Pillow"/>.</summary>
    public ResizeMode Resize { get; init; }
}
