using System.Buffers;
using System.Diagnostics;

namespace Blip.Images;

/// <summary>
/// Converts an image to the input of a model. It decodes the image, removes transparency, turns the image as the camera says, and
/// resizes it to the target size without keeping its aspect ratio. With the default decoder, <see cref="AlphaMode.Drop"/> and
/// <see cref="ImageOrientation.Ignore"/> the result is equal to that of Python transformers on Pillow, byte for byte. Immutable and
/// thread-safe.
/// </summary>
public sealed class ImagePreprocessor
{
    private readonly IImageDecoder _decoder;

    /// <summary>Creates the preprocessor.</summary>
    /// <param name="width">The target width in pixels, 1 to 16,384.</param>
    /// <param name="height">The target height in pixels, 1 to 16,384.</param>
    /// <param name="options">How images are read; <see langword="null"/> for the defaults.</param>
    /// <param name="decoder">The decoder; <see langword="null"/> for the one in the package Blip.Skia.</param>
    /// <exception cref="ArgumentOutOfRangeException">The width or the height is out of range.</exception>
    /// <exception cref="BlipException">
    /// There is no decoder: none is given, and the package Blip.Skia is missing (<see cref="BlipErrorCode.PackageMissing"/>).
    /// </exception>
    public ImagePreprocessor(int width, int height, ImageOptions? options = null, IImageDecoder? decoder = null)
    {
        CheckSide(width);
        CheckSide(height);
        (Width, Height, Options, _decoder) = (width, height, options ?? new ImageOptions(), decoder ?? DefaultImageDecoder.Create());
    }

    /// <summary>The target width in pixels.</summary>
    public int Width { get; }

    /// <summary>The target height in pixels.</summary>
    public int Height { get; }

    /// <summary>How images are read.</summary>
    public ImageOptions Options { get; }

    /// <summary>
    /// Decodes and resizes an image on the calling thread. The pixels of a JPEG are never all in memory at once, unless the image must be
    /// turned.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="cancellationToken">Stops decoding between strips of rows.</param>
    /// <returns>The pixels: uint8 [<see cref="Height"/>, <see cref="Width"/>, 3]. The caller disposes them.</returns>
    /// <exception cref="BlipException">
    /// <see cref="BlipErrorCode.UnsupportedImage"/>, <see cref="BlipErrorCode.ImageTooLarge"/>,
    /// <see cref="BlipErrorCode.TooManyPixels"/>, <see cref="BlipErrorCode.ImageCorrupt"/> or <see cref="BlipErrorCode.PackageMissing"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public PixelTensor Process(BlipImage image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (image.Frames.Count > 0)
            throw new BlipException(BlipErrorCode.InvalidRequest, "Frames are several images. Give one image.");
        cancellationToken.ThrowIfCancellationRequested();
        long begin = Stopwatch.GetTimestamp();
        // Native memory of a service stays as long as it is read.
        using MemoryHandle pin = image.Data.Pin();
        ImageHeader header = ReadHeader(image);
        header.CheckComplete(image.Data.Span);
        int orientation = OrientationOf(header);
        return Resize(header, orientation, begin, rows => Decode(image, header, rows, cancellationToken, orientation));
    }

    /// <summary>
    /// Decodes and resizes the frames of an animation, at most so many, evenly distributed. Any other image is one frame.
    /// </summary>
    /// <returns>The pixels of each frame, in order. The caller disposes them.</returns>
    internal IReadOnlyList<PixelTensor> ProcessFrames(BlipImage image, int most, CancellationToken cancellationToken)
    {
        using MemoryHandle pin = image.Data.Pin();
        ImageHeader header = ReadHeader(image);
        IReadOnlyList<AnimationFrame> frames = header.Format == ImageFormat.Rgb ? [] : Animation.FramesOf(image.Data, header);
        if (frames.Count == 0)
            return [Process(image, cancellationToken)];
        header.CheckComplete(image.Data.Span);
        int[] sample = Animation.Sample(frames.Count, most);
        Animation.CheckLength(header, sample[^1] + 1, Options.Limits);
        int orientation = OrientationOf(header);
        List<PixelTensor> tensors = [];
        try
        {
            long begin = Stopwatch.GetTimestamp();
            using FrameCanvas canvas = new(header);
            for (int i = 0; i <= sample[^1]; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                canvas.Begin(frames[i]);
                BlipImage still = BlipImage.FromBytes(frames[i].Still());
                ImageHeader stillHeader = ReadHeader(still);
                if (stillHeader.Width != frames[i].Width || stillHeader.Height != frames[i].Height)
                    throw ImageErrors.Corrupt(header.Format, "a frame states two different sizes");
                _decoder.Decode(still.Data, stillHeader, canvas, cancellationToken);
                if (i != sample[tensors.Count])
                    continue;
                tensors.Add(Resize(header, orientation, begin, rows => Adapt(header, rows, orientation, canvas.CopyTo)));
                begin = Stopwatch.GetTimestamp();
            }
            return tensors;
        }
        catch
        {
            tensors.ForEach(tensor => tensor.Dispose());
            throw;
        }
    }

    /// <summary>Reads the header of an image and checks its size, with the formats of the decoder.</summary>
    internal ImageHeader ReadHeader(BlipImage image) => image.ReadHeader(Options.Limits, _decoder);

    /// <summary>Decodes an image, turns it, and removes transparency. Does not resize it.</summary>
    internal void Decode(
        BlipImage image, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken, int orientation = 1) =>
        Adapt(header, rows, orientation, adapted =>
        {
            if (header.Format == ImageFormat.Rgb)
                RawRows.Write(image.Data.Span, header.Width, adapted);
            else
                _decoder.Decode(image.Data, header, adapted, cancellationToken);
        });

    /// <summary>Turns rows as they are written, and removes transparency.</summary>
    private void Adapt(ImageHeader header, IPixelRows rows, int orientation, Action<IPixelRows> write)
    {
        uint? matte = Options.Alpha == AlphaMode.Drop ? header.Matte : null;
        bool keepsAlpha = header.Format is ImageFormat.Jpeg or ImageFormat.Rgb || (Options.Alpha == AlphaMode.Drop && matte is null);
        // The image is turned first: so it can be turned where the decoder has it.
        using FlattenedRows? flat = keepsAlpha
            ? null
            : new FlattenedRows(OrientedRows.Swaps(orientation) ? header.Height : header.Width, matte, rows);
        rows = flat ?? rows;
        using OrientedRows? turned = orientation == 1 ? null : new OrientedRows(header.Width, header.Height, orientation, rows);
        write(turned ?? rows);
    }

    private int OrientationOf(ImageHeader header) => Options.Orientation == ImageOrientation.Apply ? header.Orientation : 1;

    private PixelTensor Resize(ImageHeader header, int orientation, long begin, Action<IPixelRows> write)
    {
        (int width, int height) = OrientedRows.Swaps(orientation) ? (header.Height, header.Width) : (header.Width, header.Height);
        PixelTensor tensor = new(Width, Height);
        try
        {
            using Resampler resampler = new(width, height, Width, Height, tensor.Writable, Options.Resize);
            write(resampler);
            if (!resampler.IsComplete)
                throw new BlipException(BlipErrorCode.Internal, $"{_decoder.GetType().Name} returned fewer rows than the image has.");
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

    private static void CheckSide(int side)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(side, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(side, 16_384);
    }
}
