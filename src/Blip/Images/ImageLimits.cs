namespace Blip.Images;

/// <summary>How large an image may be. Checked before anything is decoded. Immutable and thread-safe.</summary>
public sealed record ImageLimits
{
    /// <summary>20 MB, 16,384 pixels a side, 50 megapixels.</summary>
    public static ImageLimits Default { get; } = new();

    /// <summary>Most bytes of the encoded image; at least 1. Default 20 MB (20 x 1024 x 1024).</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int MaxBytes { get; init => field = AtLeastOne(value); } = 20 * 1024 * 1024;

    /// <summary>Longest side in pixels; at least 1. Default 16,384.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int MaxSide { get; init => field = AtLeastOne(value); } = 16_384;

    /// <summary>
    /// Most pixels (width x height), 1 to 500,000,000. Default 50,000,000. Decoding takes up to 4 bytes a pixel, 12 for some interlaced
    /// images; a JPEG is decoded in strips and takes much less.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Out of range.</exception>
    public int MaxPixels
    {
        get;
        init => field = AtLeastOne(value) <= 500_000_000 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "At most 500,000,000 pixels.");
    }
        = 50_000_000;

    internal void CheckBytes(long length)
    {
        if (length > MaxBytes)
            throw new BlipException(BlipErrorCode.ImageTooLarge, FormattableString.Invariant($"The image is too large: more than the {MaxBytes:N0} bytes allowed. Send a smaller one."));
    }

    internal void CheckPixels(int width, int height)
    {
        if (width > MaxSide || height > MaxSide)
            throw new BlipException(BlipErrorCode.TooManyPixels, FormattableString.Invariant($"The image is too large: {width} x {height} pixels; a side may have {MaxSide:N0}. Make it smaller."));
        if ((long)width * height > MaxPixels)
            throw new BlipException(BlipErrorCode.TooManyPixels, FormattableString.Invariant($"The image is too large: {width} x {height} pixels; {MaxPixels:N0} are allowed. Make it smaller."));
    }

    private static int AtLeastOne(int value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
        return value;
    }
}
