using System.Diagnostics;

namespace Blip.Imaging;

/// <summary>
/// Makes of a picture what a model sees: decoded, freed of transparency, turned if asked, resized to one size whatever its shape. Equal to
/// Pillow byte for byte where its options ask for what Pillow does. Immutable and thread-safe.
/// </summary>
public sealed class ImagePreprocessor
{
    private readonly IImageDecoder _decoder;

    /// <summary>Creates the preprocessor.</summary>
    /// <param name="width">Target width in pixels, 1 to 16,384.</param>
    /// <param name="height">Target height in pixels, 1 to 16,384.</param>
    /// <param name="options">How pictures are read; the defaults unless given.</param>
    /// <param name="decoder">Decodes; <see cref="SkiaImageDecoder"/> unless given.</param>
    /// <exception cref="ArgumentOutOfRangeException">A side is out of range.</exception>
    public ImagePreprocessor(int width, int height, ImageOptions? options = null, IImageDecoder? decoder = null)
    {
        CheckSide(width);
        CheckSide(height);
        (Width, Height, Options, _decoder) = (width, height, options ?? new ImageOptions(), decoder ?? new SkiaImageDecoder());
    }

    /// <summary>Target width in pixels.</summary>
    public int Width { get; }

    /// <summary>Target height in pixels.</summary>
    public int Height { get; }

    /// <summary>How pictures are read.</summary>
    public ImageOptions Options { get; }

    /// <summary>Decodes and resizes. Works on the calling thread; a JPEG is never whole in memory unless it has to be turned.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="cancellationToken">Looked at between strips of rows.</param>
    /// <returns>The pixels, which the caller disposes.</returns>
    /// <exception cref="BlipException">
    /// <see cref="BlipErrorCode.UnsupportedImage"/>, <see cref="BlipErrorCode.ImageTooLarge"/>, <see cref="BlipErrorCode.TooManyPixels"/> or
    /// <see cref="BlipErrorCode.ImageCorrupt"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public PixelTensor Process(Picture picture, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(picture);
        cancellationToken.ThrowIfCancellationRequested();
        long begin = Stopwatch.GetTimestamp();
        ImageHeader header = picture.ReadHeader(Options.Limits);
        header.CheckComplete(picture.Data.Span);

        int orientation = Options.Orient ? header.Orientation : 1;
        (int width, int height) = OrientedRows.Swaps(orientation) ? (header.Height, header.Width) : (header.Width, header.Height);
        PixelTensor tensor = new(Width, Height);
        try
        {
            using Resampler resampler = new(width, height, Width, Height, tensor.Writable, Options.Resize);
            if (orientation == 1)
                Decode(picture, header, resampler, cancellationToken);
            else
            {
                using OrientedRows turned = new(header.Width, header.Height, orientation);
                Decode(picture, header, turned, cancellationToken);
                turned.Flush(resampler);
            }
            if (!resampler.IsComplete)
                throw new BlipException(BlipErrorCode.Internal, $"{_decoder.GetType().Name} gave fewer rows than the picture has.");
            tensor.ResizeTime = resampler.Elapsed;
            tensor.DecodeTime = Stopwatch.GetElapsedTime(begin) - resampler.Elapsed;
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    /// <summary>Decodes without turning or resizing; transparency is taken out.</summary>
    internal void Decode(Picture picture, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
    {
        uint? matte = Options.Alpha == AlphaMode.Drop ? header.Matte : null;
        if (header.Format == ImageFormat.Rgb)
            RawRows.Write(picture.Data.Span, header.Width, rows);
        else if (header.Format == ImageFormat.Jpeg || (Options.Alpha == AlphaMode.Drop && matte is null))
            _decoder.Decode(picture.Data, header, rows, cancellationToken);
        else
        {
            using FlattenedRows flat = new(header.Width, matte, rows);
            _decoder.Decode(picture.Data, header, flat, cancellationToken);
        }
    }

    private static void CheckSide(int side)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(side, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(side, 16_384);
    }
}
