using System.ComponentModel.DataAnnotations;

namespace Blip.AI.Images;

/// <summary>
/// The bounds of an <see cref="ImageRegistry"/> or <see cref="ImageStore"/>. Where one is reached, the least recently used image is
/// dropped.
/// </summary>
public sealed class ImageStoreOptions
{
    /// <summary>The most images kept at once. 1 to 65536; default 32.</summary>
    [Range(1, 65536)]
    public int MaxImages { get; set; } = 32;

    /// <summary>The most bytes kept at once, and so the largest image. 1 to 1 GiB; default 64 MiB.</summary>
    [Range(1, 1 << 30)]
    public int MaxBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>
    /// How long an image is kept after its last use. 1 s to 7 days; default 1 hour. Expired images are dropped with the next call.
    /// </summary>
    [TimeRange("00:00:01", "7.00:00:00")]
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromHours(1);

    internal ImageShelf CreateShelf(TimeProvider? time, Func<string, string> name)
    {
        new ImageStoreOptionsValidator().Check(this);
        return new ImageShelf(MaxImages, MaxBytes, Lifetime, time ?? TimeProvider.System, name);
    }
}
