using System.Buffers;
using Blip.Images;

namespace Blip;

/// <summary>
/// An image as the bytes of its file. It is not decoded yet, so an image that waits in a queue needs no more memory than its file.
/// Immutable and thread-safe. A caller may ask many questions about one object.
/// </summary>
public sealed class BlipImage
{
    /// <summary>The most frames that are looked at as one image, as in the paper's experiments with video.</summary>
    public const int MaxFrames = 16;

    // Set when the bytes are pixels.
    private readonly ImageHeader? _raw;

    private BlipImage(ReadOnlyMemory<byte> data, ImageHeader? raw = null) => (Data, _raw) = (data, raw);

    /// <summary>The number of bytes; of frames all together.</summary>
    public int Length => Frames.Count == 0 ? Data.Length : (int)Math.Min(int.MaxValue, Frames.Sum(frame => (long)frame.Length));

    internal ReadOnlyMemory<byte> Data { get; }

    /// <summary>What is looked at as one image; empty for an image that is one.</summary>
    internal IReadOnlyList<BlipImage> Frames { get; private init; } = [];

    /// <summary>Reads a file. Its format is found later, from its content and not from its name.</summary>
    /// <param name="path">The path of a file: JPEG, PNG, GIF, WebP or BMP.</param>
    /// <param name="limits">The maximum number of bytes; <see langword="null"/> for <see cref="ImageLimits.Default"/>.</param>
    /// <exception cref="BlipException"><see cref="BlipErrorCode.FileNotFound"/> or <see cref="BlipErrorCode.ImageTooLarge"/>.</exception>
    /// <example><code>
    /// using Blip.Images;
    ///
    /// BlipImage image = BlipImage.FromFile("photo.jpg", ImageLimits.Default with { MaxBytes = 5_000_000 });
    /// Console.WriteLine(image.Length);
    /// </code></example>
    public static BlipImage FromFile(string path, ImageLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            using FileStream file = Open(path, FileOptions.SequentialScan);
            BoundedBytes bytes = new(file, limits);
            while (file.Read(bytes.Free.Span) is > 0 and int count)
                bytes.Add(count);
            return new BlipImage(bytes.Taken());
        }
        catch (Exception failure) when (IsUnreadable(failure))
        {
            throw Unreadable(path, failure);
        }
    }

    /// <summary>Reads a file asynchronously. Its format is found later, from its content and not from its name.</summary>
    /// <param name="path">The path of a file: JPEG, PNG, GIF, WebP or BMP.</param>
    /// <param name="limits">The maximum number of bytes; <see langword="null"/> for <see cref="ImageLimits.Default"/>.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="BlipException"><see cref="BlipErrorCode.FileNotFound"/> or <see cref="BlipErrorCode.ImageTooLarge"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<BlipImage> FromFileAsync(
        string path, ImageLimits? limits = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            FileStream file = Open(path, FileOptions.SequentialScan | FileOptions.Asynchronous);
            await using (file.ConfigureAwait(false))
                return await FromStreamAsync(file, limits, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (IsUnreadable(failure))
        {
            throw Unreadable(path, failure);
        }
    }

    /// <summary>
    /// Uses the bytes of a file. They are not copied, so they must not change afterwards. Memory of a <see cref="MemoryManager{T}"/> is
    /// pinned while it is read.
    /// </summary>
    /// <param name="data">A complete file: JPEG, PNG, GIF, WebP or BMP.</param>
    public static BlipImage FromBytes(ReadOnlyMemory<byte> data) => new(data);

    /// <summary>Reads a stream to its end, but not beyond the limit. The stream stays open.</summary>
    /// <param name="stream">The bytes of a file: JPEG, PNG, GIF, WebP or BMP.</param>
    /// <param name="limits">The maximum number of bytes; <see langword="null"/> for <see cref="ImageLimits.Default"/>.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="BlipException"><see cref="BlipErrorCode.ImageTooLarge"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<BlipImage> FromStreamAsync(
        Stream stream, ImageLimits? limits = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        BoundedBytes bytes = new(stream, limits);
        while (await stream.ReadAsync(bytes.Free, cancellationToken).ConfigureAwait(false) is > 0 and int count)
            bytes.Add(count);
        return new BlipImage(bytes.Taken());
    }

    /// <summary>Uses pixels that are decoded already. They are not copied, so they must not change afterwards.</summary>
    /// <param name="pixels">uint8 [height, width, 3]: red, green, blue; rows from top to bottom without padding.</param>
    /// <param name="width">The width in pixels, at least 1.</param>
    /// <param name="height">The height in pixels, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The width or the height is less than 1.</exception>
    /// <exception cref="ArgumentException">The number of bytes is not height x width x 3.</exception>
    public static BlipImage FromRgb(ReadOnlyMemory<byte> pixels, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (pixels.Length != (long)width * height * 3)
        {
            throw new ArgumentException(
                FormattableString.Invariant(
                    $"There are {pixels.Length} bytes, but {width} x {height} pixels have {(long)width * height * 3} bytes."),
                nameof(pixels));
        }
        return new BlipImage(pixels, new ImageHeader(ImageFormat.Rgb, width, height));
    }

    /// <summary>
    /// Makes one image of several, in their order: questions are about all of them. One image alone, of an animated GIF, WebP or PNG,
    /// stands for its own frames. Only models that answer questions read frames, and each frame takes an encoding of its own.
    /// </summary>
    /// <param name="frames">
    /// One or more images. Of more than <see cref="MaxFrames"/>, evenly distributed ones are looked at, the first among them.
    /// </param>
    /// <exception cref="ArgumentException">There is no image, or one is made of frames itself.</exception>
    public static BlipImage FromFrames(IReadOnlyList<BlipImage> frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        if (frames.Count == 0)
            throw new ArgumentException("There is no frame. Give one image or more.", nameof(frames));
        BlipImage[] taken = [.. Animation.Sample(frames.Count, MaxFrames).Select(i => frames[i])];
        if (Array.Exists(taken, frame => frame is null || frame.Frames.Count > 0))
            throw new ArgumentException("A frame is null, or made of frames itself. Give images.", nameof(frames));
        return new BlipImage(default) { Frames = taken };
    }

    /// <summary>Counts the frames of an animated GIF, WebP or PNG; 1 for every other image. No pixels are decoded.</summary>
    /// <param name="limits">As for <see cref="ReadHeader"/>.</param>
    /// <exception cref="BlipException">
    /// As for <see cref="ReadHeader"/>; or the file ends within a frame, a frame lies outside the image, or there are more than 10,000.
    /// </exception>
    public int CountFrames(ImageLimits? limits = null)
    {
        if (Frames.Count > 0)
            return Frames.Count;
        using MemoryHandle pin = Data.Pin();
        return _raw is not null ? 1 : Math.Max(1, Animation.FramesOf(Data, ImageHeader.Read(Data.Span, limits)).Count);
    }

    /// <summary>Reads the format and the size from the first bytes and checks them. No pixels are decoded.</summary>
    /// <param name="limits">
    /// The maximum size; <see langword="null"/> for <see cref="ImageLimits.Default"/>. The limit on bytes does not count for the pixels
    /// of <see cref="FromRgb"/>.
    /// </param>
    /// <param name="decoder">Reads the header of formats that Blip does not read itself; <see langword="null"/>: they are refused.</param>
    /// <exception cref="BlipException">
    /// <see cref="BlipErrorCode.UnsupportedImage"/> (the message names the format if it is known),
    /// <see cref="BlipErrorCode.ImageTooLarge"/>, <see cref="BlipErrorCode.TooManyPixels"/> or <see cref="BlipErrorCode.ImageCorrupt"/>.
    /// </exception>
    public ImageHeader ReadHeader(ImageLimits? limits = null, IImageDecoder? decoder = null)
    {
        if (Frames is [var first, ..])
            return first.ReadHeader(limits, decoder);
        if (_raw is null)
        {
            using MemoryHandle pin = Data.Pin();
            return ImageHeader.Read(Data, limits, decoder);
        }
        (limits ?? ImageLimits.Default).CheckPixels(_raw.Width, _raw.Height);
        return _raw;
    }

    private static FileStream Open(string path, FileOptions options)
        => Directory.Exists(path)
            ? throw new BlipException(BlipErrorCode.FileNotFound, $"{path} is a directory, not an image. Name a file.")
            : new FileStream(
                path, new FileStreamOptions { Options = options, BufferSize = 0, Share = FileShare.ReadWrite | FileShare.Delete });

    private static bool IsUnreadable(Exception failure) =>
        failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException;

    private static BlipException Unreadable(string path, Exception failure) => failure switch
    {
        FileNotFoundException or DirectoryNotFoundException => new(BlipErrorCode.FileNotFound, $"There is no file {path}.", failure),
        UnauthorizedAccessException => new(BlipErrorCode.FileNotFound, $"{path} cannot be read: access is denied.", failure),
        ArgumentException => new(
            BlipErrorCode.FileNotFound, "The name of the file is empty or has characters that a file name cannot have.", failure),
        _ => new(BlipErrorCode.FileNotFound, $"{path} cannot be read.", failure),
    };
}
