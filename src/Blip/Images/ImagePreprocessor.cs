using System.Diagnostics;

namespace Blip.Images;

/// <summary>
/// Makes of an image what a model sees: decoded, freed of transparency, turned if asked, resized to one size whatever its shape. Equal to
/// Pillow byte for byte where its options ask for what Pillow does. Immutable and thread-safe.
/// </summary>
public sealed class ImagePreprocessor
{
    private readonly IImageDecoder _decoder;

    /// <summary>Creates the preprocessor.</summary>
    /// <param name="width">Target width in pixels, 1 to 16,384.</param>
    /// <param name="height">Target height in pixels, 1 to 16,384.</param>
    /// <param name="options">How images are read; the defaults unless given.</param>
    /// <param name="decoder">Decodes; that of the package Blip.Skia unless given.</param>
    /// <exception cref="ArgumentOutOfRangeException">A side is out of range.</exception>
    /// <exception cref="BlipException"><see cref="BlipErrorCode.PackageMissing"/>: no decoder is given, and Blip.Skia is not there.</exception>
    public ImagePreprocessor(int width, int height, ImageOptions? options = null, IImageDecoder? decoder = null)
    {
        CheckSide(width);
        CheckSide(height);
        (Width, Height, Options, _decoder) = (width, height, options ?? new ImageOptions(), decoder ?? DefaultImageDecoder.Create());
    }

    /// <summary>Target width in pixels.</summary>
    public int Width { get; }

    /// <summary>Target height in pixels.</summary>
    public int Height { get; }

    /// <summary>How images are read.</summary>
    public ImageOptions Options { get; }

    /// <summary>Decodes and resizes. Works on the calling thread; a JPEG is never whole in memory unless it has to be turned.</summary>
    /// <param name="image">The image.</param>
    /// <param name="cancellationToken">Looked at between strips of rows.</param>
    /// <returns>The pixels, which the caller disposes.</returns>
    /// <exception cref="BlipException">
    /// <see cref="BlipErrorCode.UnsupportedImage"/>, <see cref="BlipErrorCode.ImageTooLarge"/>, <see cref="BlipErrorCode.TooManyPixels"/> or
    /// <see cref="BlipErrorCode.ImageCorrupt"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public PixelTensor Process(BlipImage image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        cancellationToken.ThrowIfCancellationRequested();
        long begin = Stopwatch.GetTimestamp();
        ImageHeader header = image.ReadHeader(Options.Limits);
        header.CheckComplete(image.Data.Span);

        int orientation = Options.Orient ? header.Orientation : 1;
        (int width, int height) = OrientedRows.Swaps(orientation) ? (header.Height, header.Width) : (header.Width, header.Height);
        PixelTensor tensor = new(Width, Height);
        try
        {
            using Resampler resampler = new(width, height, Width, Height, tensor.Writable, Options.Resize);
            if (orientation == 1)
                Decode(image, header, resampler, cancellationToken);
            else
            {
                using OrientedRows turned = new(header.Width, header.Height, orientation);
                Decode(image, header, turned, cancellationToken);
                turned.Flush(resampler);
            }
            if (!resampler.IsComplete)
                throw new BlipException(BlipErrorCode.Internal, $"{_decoder.GetType().Name} gave fewer rows than the image has.");
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
    internal void Decode(BlipImage image, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
    {
        uint? matte = Options.Alpha == AlphaMode.Drop ? header.Matte : null;
        if (header.Format == ImageFormat.Rgb)
            RawRows.Write(image.Data.Span, header.Width, rows);
        else if (header.Format == ImageFormat.Jpeg || (Options.Alpha == AlphaMode.Drop && matte is null))
            _decoder.Decode(image.Data, header, rows, cancellationToken);
        else
        {
            using FlattenedRows flat = new(header.Width, matte, rows);
            _decoder.Decode(image.Data, header, flat, cancellationToken);
        }
    }

    private static void CheckSide(int side)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(side, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(side, 16_384);
    }
}
