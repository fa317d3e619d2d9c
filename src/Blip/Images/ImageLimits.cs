using System.Runtime.CompilerServices;

namespace Blip.Images;

/// <summary>The maximum size of an image. It is checked before any pixels are decoded. Immutable and thread-safe.</summary>
public sealed record ImageLimits
{
    // Decoding may take 4 bytes a pixel of the most pixels and 64 MB. Of these, 8 MB are for what does not grow with the image.
    private const long SpareBytes = 56 << 20;

    /// <summary>The default limits: 20 MB, 16,384 pixels for a side, 50 megapixels.</summary>
    public static ImageLimits Default { get; } = new();

    /// <summary>The maximum size of the file in bytes, at least 1. Default 20 MB (20 x 1024 x 1024).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int MaxBytes { get; init => field = AtLeastOne(value); } = 20 * 1024 * 1024;

    /// <summary>The maximum width and height in pixels, at least 1. Default 16,384.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int MaxSide { get; init => field = AtLeastOne(value); } = 16_384;

    /// <summary>
    /// The maximum number of pixels (width x height), 1 to 500,000,000. Default 50,000,000. Decoding takes at most 4 bytes of memory for
    /// each of them and 64 MB. Kinds of images that need more for a pixel may have fewer pixels: progressive JPEGs, interlaced PNGs,
    /// lossless WebP and WebP with alpha; HEIC, AVIF, TIFF and JPEG XL, which take up to 16 bytes a pixel, a third of them.
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

    internal void CheckMemory(ImageHeader header)
    {
        long most = (4L * MaxPixels) + SpareBytes;
        if (header.DecodeBytes > most)
        {
            throw new BlipException(BlipErrorCode.TooManyPixels, FormattableString.Invariant(
                $"The image is too large: {header.Width} x {header.Height} pixels; {header.Kind} takes more memory than others: ")
                + FormattableString.Invariant($"{most * header.Pixels / header.DecodeBytes:N0} are allowed. ")
                + "Make it smaller, or save it as a plain JPEG or PNG.");
        }
    }

    private static int AtLeastOne(int value, [CallerMemberName] string? limit = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, limit);
        return value;
    }
}
