namespace Blip.Images;

/// <summary>How images are read. Immutable and thread-safe.</summary>
public sealed record ImageOptions
{
    /// <summary>The maximum size of an image. Default <see cref="ImageLimits.Default"/>.</summary>
    public ImageLimits Limits { get; init; } = ImageLimits.Default;

    /// <summary>
    /// Whether the image is turned as the camera's orientation (EXIF, else XMP) says, so that the model gets the image as a person sees
    /// it. Default <see langword="false"/>, as in the published Python preprocessing.
    /// </summary>
    public bool Orient { get; init; }

    /// <summary>How transparent pixels are read. Default <see cref="AlphaMode.White"/>.</summary>
    public AlphaMode Alpha { get; init; }

    /// <summary>The order of the resampling passes. Default <see cref="ResizeMode.Pillow"/>.</summary>
    public ResizeMode Resize { get; init; }
}
