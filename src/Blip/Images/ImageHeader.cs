namespace Blip.Images;

/// <summary>What an image's container says of it, read from a few bytes before anything is decoded. Immutable and thread-safe.</summary>
public sealed record ImageHeader
{
    internal ImageHeader(ImageFormat format, int width, int height, int orientation = 1)
        => (Format, Width, Height, Orientation) = (format, width, height, orientation);

    /// <summary>The form of the bytes.</summary>
    public ImageFormat Format { get; }

    /// <summary>Stored width in pixels, at least 1; before any orientation.</summary>
    public int Width { get; }

    /// <summary>Stored height in pixels, at least 1; before any orientation.</summary>
    public int Height { get; }

    /// <summary>
    /// How the stored rows are to be turned for a person: 1 (as they are, also where nothing is said) to 8, as EXIF's tag 0x0112 counts.
    /// </summary>
    public int Orientation { get; }

    /// <summary>Width x height: what decoding costs.</summary>
    public long Pixels => (long)Width * Height;

    /// <summary>
    /// The colour, RGBA as bytes in memory, of what a decoder leaves transparent where transparency is dropped. GIF only: decoders give such
    /// pixels no colour, the palette has one.
    /// </summary>
    internal uint? Matte { get; init; }

    /// <summary>Tells the format by its content, reads the size and checks it.</summary>
    /// <param name="data">The encoded bytes.</param>
    /// <param name="limits">How large the image may be; <see cref="ImageLimits.Default"/> unless given.</param>
    /// <exception cref="BlipException">
    /// <see cref="BlipErrorCode.UnsupportedImage"/> (the message names the format where it is known), <see cref="BlipErrorCode.ImageTooLarge"/>,
    /// <see cref="BlipErrorCode.TooManyPixels"/> or <see cref="BlipErrorCode.ImageCorrupt"/>.
    /// </exception>
    public static ImageHeader Read(ReadOnlySpan<byte> data, ImageLimits? limits = null)
    {
        limits ??= ImageLimits.Default;
        limits.CheckBytes(data.Length);
        ImageHeader header = ImageSniffer.Sniff(data) switch
        {
            ImageFormat.Jpeg => JpegFile.ReadHeader(data),
            ImageFormat.Png => PngFile.ReadHeader(data),
            ImageFormat.Gif => GifFile.ReadHeader(data),
            ImageFormat.WebP => WebPFile.ReadHeader(data),
            _ => BmpFile.ReadHeader(data),
        };
        if (header.Width < 1 || header.Height < 1)
            throw ImageErrors.Corrupt(header.Format, FormattableString.Invariant($"its size is {header.Width} x {header.Height} pixels"));
        limits.CheckPixels(header.Width, header.Height);
        return header;
    }

    /// <summary>Refuses a file that is cut short or whose checksums are wrong: decoders fill what is missing with grey or black and say nothing.</summary>
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
