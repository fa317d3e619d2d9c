namespace Blip.Images;

/// <summary>
/// The format, size and orientation of an image. They are read from the start of the file before any pixels are decoded. Immutable and
/// thread-safe.
/// </summary>
public sealed record ImageHeader
{
    /// <summary>Creates the header of a format that Blip does not read itself: see <see cref="IImageDecoder.ReadHeader"/>.</summary>
    /// <param name="format">The format of the bytes.</param>
    /// <param name="width">The stored width in pixels, at least 1.</param>
    /// <param name="height">The stored height in pixels, at least 1.</param>
    /// <param name="orientation">How the image must be turned: 1 to 8.</param>
    /// <exception cref="ArgumentOutOfRangeException">The orientation is out of range.</exception>
    public ImageHeader(ImageFormat format, int width, int height, int orientation = 1)
    {
        if (orientation is < 1 or > 8)
            throw new ArgumentOutOfRangeException(nameof(orientation), orientation, "The orientation is 1 to 8.");
        (Format, Width, Height, Orientation) = (format, width, height, orientation);
        (Kind, DecodeBytes) = ($"a {ImageErrors.Name(format)}", (IsForeign(format) ? 16 : 4) * Pixels);
    }

    /// <summary>The format of the bytes.</summary>
    public ImageFormat Format { get; }

    /// <summary>The stored width in pixels, at least 1: before the image is turned.</summary>
    public int Width { get; }

    /// <summary>The stored height in pixels, at least 1: before the image is turned.</summary>
    public int Height { get; }

    /// <summary>
    /// How the stored image must be turned for a viewer: 1 to 8, the values of the EXIF tag 0x0112. 1 means not at all; it is also the
    /// value when the file states no orientation.
    /// </summary>
    public int Orientation { get; }

    /// <summary>The number of pixels: width x height.</summary>
    public long Pixels => (long)Width * Height;

    /// <summary>What the image is, for an error: "an interlaced PNG".</summary>
    internal string Kind { get; init; }

    /// <summary>
    /// The memory that decoding and turning takes at most: all that grows with the image, without the file. By default 4 bytes a pixel, and
    /// 16 for HEIC, AVIF, TIFF and JPEG XL.
    /// </summary>
    internal long DecodeBytes { get; init; }

    /// <summary>
    /// Whether decoders keep the coefficients of a JPEG until its last scan. ImageSharp has all pixels besides; Skia only if it is turned.
    /// </summary>
    internal bool KeepsCoefficients { get; init; }

    /// <summary>
    /// In how many parts, from top to bottom, a decoder should decode the image where it would need too much memory at once. 1 by default.
    /// </summary>
    internal int Parts { get; init; } = 1;

    /// <summary>The place that decoding takes in the budget of pixels, which have 4 bytes, whatever the decoder.</summary>
    internal long PixelsInFlight => Math.Max(Pixels, ((DecodeBytes + 3) / 4) + (KeepsCoefficients && Orientation == 1 ? Pixels : 0));

    /// <summary>
    /// The colour for fully transparent pixels with <see cref="AlphaMode.Drop"/>, as RGBA bytes in memory. Only for GIF: decoders give such
    /// pixels no colour, but the palette has one.
    /// </summary>
    internal uint? Matte { get; init; }

    /// <summary>Finds the format from the content, reads the size and checks it.</summary>
    /// <param name="data">The bytes of the file.</param>
    /// <param name="limits">The maximum size; <see langword="null"/> for <see cref="ImageLimits.Default"/>.</param>
    /// <exception cref="BlipException">
    /// <see cref="BlipErrorCode.UnsupportedImage"/> (the message names the format if it is known),
    /// <see cref="BlipErrorCode.ImageTooLarge"/>, <see cref="BlipErrorCode.TooManyPixels"/> or <see cref="BlipErrorCode.ImageCorrupt"/>.
    /// </exception>
    public static ImageHeader Read(ReadOnlySpan<byte> data, ImageLimits? limits = null)
    {
        limits ??= ImageLimits.Default;
        limits.CheckBytes(data.Length);
        return Checked(ReadKnown(data, ImageSniffer.Sniff(data)), limits);
    }

    /// <summary>Reads also the formats of the decoder.</summary>
    internal static ImageHeader Read(ReadOnlyMemory<byte> data, ImageLimits? limits, IImageDecoder? decoder)
    {
        limits ??= ImageLimits.Default;
        limits.CheckBytes(data.Length);
        ImageFormat format = ImageSniffer.Sniff(data.Span);
        ImageHeader? header = IsForeign(format) ? decoder?.ReadHeader(data, format) : null;
        return Checked(header ?? ReadKnown(data.Span, format), limits);
    }

    private static bool IsForeign(ImageFormat format) => format is >= ImageFormat.Heic and <= ImageFormat.JpegXl;

    private static ImageHeader ReadKnown(ReadOnlySpan<byte> data, ImageFormat format) => format switch
    {
        ImageFormat.Jpeg => JpegFile.ReadHeader(data),
        ImageFormat.Png => PngFile.ReadHeader(data),
        ImageFormat.Gif => GifFile.ReadHeader(data),
        ImageFormat.WebP => WebPFile.ReadHeader(data),
        ImageFormat.Bmp => BmpFile.ReadHeader(data),
        _ => throw ImageErrors.NeedsDecoder(format),
    };

    private static ImageHeader Checked(ImageHeader header, ImageLimits limits)
    {
        if (header.Width < 1 || header.Height < 1)
            throw ImageErrors.Corrupt(header.Format, FormattableString.Invariant($"its size is {header.Width} x {header.Height} pixels"));
        limits.CheckPixels(header.Width, header.Height);
        limits.CheckMemory(header);
        return header;
    }

    /// <summary>
    /// Refuses a file that is incomplete or has wrong checksums. Decoders fill the missing part with grey or black and report no error.
    /// </summary>
    internal void CheckComplete(ReadOnlySpan<byte> data)
    {
        switch (Format)
        {
            case ImageFormat.Jpeg: JpegFile.CheckComplete(data, this); break;
            case ImageFormat.Png: PngFile.CheckComplete(data); break;
            case ImageFormat.Gif: GifFile.CheckComplete(data); break;
            case ImageFormat.WebP: WebPFile.CheckComplete(data); break;
            case ImageFormat.Bmp: BmpFile.CheckComplete(data); break;
            default: break;
        }
    }
}
