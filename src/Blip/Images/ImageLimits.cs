using System.Runtime.CompilerServices;

namespace Blip.Images;

/// <summary>The maximum size of an image. It is checked before any pixels are decoded. Immutable and thread-safe.</summary>
public sealed record ImageLimits
{
    /// <summary>The default limits: 20 MB, 16,384 pixels for a side, 50 megapixels.</summary>
    public static ImageLimits Default { get; } = new();

    /// <summary>The maximum size of the file in bytes, at least 1. Default 20 MB (20 x 1024 x 1024).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int MaxBytes { get; init => field = AtLeastOne(value); } = 20 * 1024 * 1024;

    /// <summary>The maximum width and height in pixels, at least 1. Default 16,384.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int MaxSide { get; init => field = AtLeastOne(value); } = 16_384;

    /// <summary>
    /// The maximum number of pixels (width x height), 1 to 500,000,000. Default 50,000,000. Decoding needs up to 4 bytes of memory for a
    /// pixel, 12 for some interlaced images, 16 for HEIC, AVIF, TIFF and JPEG XL. A JPEG is decoded in strips and needs much less.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public int MaxPixels
    {
        get;
        init => field = AtLeastOne(value) <= 500_000_000
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxPixels), value, "The value is more than 500,000,000 pixels.");
    }
        = 50_000_000;

    internal void CheckBytes(long length)
    {
        if (length > MaxBytes)
        {
            throw new BlipException(BlipErrorCode.ImageTooLarge, FormattableString.Invariant(
                $"The image is too large: more than the {MaxBytes:N0} bytes allowed. Send a smaller one."));
        }
    }

    internal void CheckPixels(int width, int height)
    {
        if (width > MaxSide || height > MaxSide)
        {
            throw new BlipException(BlipErrorCode.TooManyPixels, FormattableString.Invariant(
                $"The image is too large: {width} x {height} pixels; a side may have {MaxSide:N0}. Make it smaller."));
        }
        if ((long)width * height > MaxPixels)
        {
            throw new BlipException(BlipErrorCode.TooManyPixels, FormattableString.Invariant(
                $"The image is too large: {width} x {height} pixels; {MaxPixels:N0} are allowed. Make it smaller."));
        }
    }

    private static int AtLeastOne(int value, [CallerMemberName] string? limit = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, limit);
        return value;
    }
}
