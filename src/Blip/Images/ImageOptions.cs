using System.Runtime.CompilerServices;

namespace Blip.Images;

/// <summary>How images are read. Immutable and thread-safe.</summary>
public sealed record ImageOptions
{
    /// <summary>The maximum size of an image. Default <see cref="ImageLimits.Default"/>.</summary>
    public ImageLimits Limits { get; init; } = ImageLimits.Default;

    /// <summary>What is done with the orientation that a camera stored. Default <see cref="ImageOrientation.Apply"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value has no name.</exception>
    public ImageOrientation Orientation { get; init => field = Named(value); }

    /// <summary>How transparent pixels are read. Default <see cref="AlphaMode.White"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value has no name.</exception>
    public AlphaMode Alpha { get; init => field = Named(value); }

    /// <summary>The order of the resampling passes. Default <see cref="ResizeMode.Pillow"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value has no name.</exception>
    public ResizeMode Resize { get; init => field = Named(value); }

    private static T Named<T>(T value, [CallerMemberName] string? option = null)
        where T : struct, Enum =>
        Enum.IsDefined(value)
            ? value
            : throw new ArgumentOutOfRangeException(
                option, Convert.ToInt64(value, null), $"The value must be one of {string.Join(", ", Enum.GetNames<T>())}.");
}
