using Blip.Images;
using ImageMagick;
using ImageMagick.Formats;

namespace Blip.Magick;

/// <summary>
/// Reads HEIC, AVIF, TIFF and JPEG XL with ImageMagick, and leaves all other formats to another decoder. Blip finds the format, and
/// ImageMagick is told to use it, so no other of its formats is tried. Colour profiles are not applied, 16 bits a sample are rounded to
/// 8, and of several pages or frames the first is read. A HEIC or AVIF image is turned as its file states, whatever
/// <see cref="ImageOrientation"/> says: in these formats that belongs to the image. HEIC and AVIF files pass through a file in the
/// temporary folder. Thread-safe.
/// </summary>
/// <remarks>
/// ImageMagick is set up once for the process: all formats but these four are switched off, no pixels go to the disk, and a decode uses
/// one thread. So an application that works with Magick.NET itself must do that in another process.
/// </remarks>
public sealed class MagickImageDecoder : IImageDecoder
{
    private const int StripBytes = 64 * 1024;

    private readonly IImageDecoder _others;

    /// <summary>Creates the decoder.</summary>
    /// <param name="others">Decodes all other formats; <see langword="null"/> for the decoder of the package Blip.Skia.</param>
    /// <exception cref="BlipException">
    /// No other decoder is given, and the package Blip.Skia is missing (<see cref="BlipErrorCode.PackageMissing"/>).
    /// </exception>
    public MagickImageDecoder(IImageDecoder? others = null) => _others = others ?? DefaultImageDecoder.Create();

    /// <inheritdoc/>
    public ImageHeader? ReadHeader(ReadOnlyMemory<byte> data, ImageFormat format)
    {
        if (ReaderOf(format) is not { } reader)
            return _others.ReadHeader(data, format);
        return Native.Call(format, () =>
        {
            MagickImageInfo info = new();
            info.Read(data.Span, Settings(reader));
            return new ImageHeader(format, (int)info.Width, (int)info.Height, OrientationOf(info.Orientation));
        });
    }

    /// <inheritdoc/>
    public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(rows);
        if (ReaderOf(header.Format) is not { } reader)
        {
            _others.Decode(data, header, rows, cancellationToken);
            return;
        }
        using MagickImage image = Native.Call(header.Format, () => Read(data.Span, Settings(reader)));
        if (image.Width != header.Width || image.Height != header.Height)
            throw ImageErrors.Corrupt(header.Format, "it states two different sizes");
        if (image.ColorSpace is not (ColorSpace.sRGB or ColorSpace.Gray))
            image.ColorSpace = ColorSpace.sRGB;
        using IUnsafePixelCollection<byte> pixels = image.GetPixelsUnsafe();
        uint strip = (uint)Math.Max(1, StripBytes / (header.Width * 4));
        for (uint y = 0; y < image.Height; y += strip)
        {
            cancellationToken.ThrowIfCancellationRequested();
            uint count = Math.Min(strip, image.Height - y);
            rows.Write(pixels.ToByteArray(0, (int)y, image.Width, count, PixelMapping.RGBA));
        }
    }

    private static MagickImage Read(ReadOnlySpan<byte> data, MagickReadSettings settings)
    {
        MagickImage image = new();
        try
        {
            image.Read(data, settings);
            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    private static MagickFormat? ReaderOf(ImageFormat format) => format switch
    {
        ImageFormat.Heic => MagickFormat.Heic,
        ImageFormat.Avif => MagickFormat.Avif,
        ImageFormat.Tiff => MagickFormat.Tiff,
        ImageFormat.JpegXl => MagickFormat.Jxl,
        _ => null,
    };

    // Making them calls ImageMagick, so it must have been set up.
    private static MagickReadSettings Settings(MagickFormat reader)
    {
        MagickReadSettings settings = new() { Format = reader, FrameIndex = 0, FrameCount = 1 };
        // Photoshop's layers inside a TIFF are decoded by another, large decoder.
        settings.SetDefines(new TiffReadDefines { IgnoreLayers = true, IgnoreExifProperties = true });
        return settings;
    }

    private static int OrientationOf(Orientation stored)
        => stored is >= Orientation.TopLeft and <= Orientation.LeftBottom ? (int)stored : 1;
}
