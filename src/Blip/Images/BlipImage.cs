using Blip.Images;

namespace Blip;

/// <summary>
/// An image as it came: encoded bytes, not decoded yet, so that one that waits costs no more than its file. Immutable and thread-safe; the same
/// object may be asked about any number of times.
/// </summary>
public sealed class BlipImage
{
    // Set where the bytes are pixels already.
    private readonly ImageHeader? _raw;

    private BlipImage(ReadOnlyMemory<byte> data, ImageHeader? raw = null) => (Data, _raw) = (data, raw);

    /// <summary>Number of bytes.</summary>
    public int Length => Data.Length;

    internal ReadOnlyMemory<byte> Data { get; }

    /// <summary>Reads a file at once. Its format is told later, by its content and not by its name.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">How many bytes it may have; <see cref="ImageLimits.Default"/> unless given.</param>
    /// <exception cref="BlipException"><see cref="BlipErrorCode.FileNotFound"/> or <see cref="BlipErrorCode.ImageTooLarge"/>.</exception>
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

    /// <summary>Reads a file. Its format is told later, by its content and not by its name.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">How many bytes it may have; <see cref="ImageLimits.Default"/> unless given.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="BlipException"><see cref="BlipErrorCode.FileNotFound"/> or <see cref="BlipErrorCode.ImageTooLarge"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<BlipImage> FromFileAsync(string path, ImageLimits? limits = null, CancellationToken cancellationToken = default)
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

    /// <summary>Takes encoded bytes. They are not copied: they must not change any more.</summary>
    /// <param name="data">A whole file: JPEG, PNG, GIF, WebP or BMP.</param>
    public static BlipImage FromBytes(ReadOnlyMemory<byte> data) => new(data);

    /// <summary>Reads a stream to its end, and no further than the limit. The stream stays open.</summary>
    /// <param name="stream">The encoded bytes.</param>
    /// <param name="limits">How many bytes it may have; <see cref="ImageLimits.Default"/> unless given.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="BlipException"><see cref="BlipErrorCode.ImageTooLarge"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<BlipImage> FromStreamAsync(Stream stream, ImageLimits? limits = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        BoundedBytes bytes = new(stream, limits);
        while (await stream.ReadAsync(bytes.Free, cancellationToken).ConfigureAwait(false) is > 0 and int count)
            bytes.Add(count);
        return new BlipImage(bytes.Taken());
    }

    /// <summary>Takes pixels that are decoded already. They are not copied: they must not change any more.</summary>
    /// <param name="pixels">Height x width x 3 bytes: red first, rows from top to bottom, nothing between them.</param>
    /// <param name="width">Width in pixels, at least 1.</param>
    /// <param name="height">Height in pixels, at least 1.</param>
    /// <exception cref="ArgumentException">The length is not height x width x 3.</exception>
    public static BlipImage FromRgb(ReadOnlyMemory<byte> pixels, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (pixels.Length != (long)width * height * 3)
            throw new ArgumentException(FormattableString.Invariant($"{pixels.Length} bytes given; {width} x {height} pixels have {(long)width * height * 3}."), nameof(pixels));
        return new BlipImage(pixels, new ImageHeader(ImageFormat.Rgb, width, height));
    }

    /// <summary>Reads format and size from the first bytes and checks them; nothing is decoded.</summary>
    /// <param name="limits">How large the image may be; <see cref="ImageLimits.Default"/> unless given. Pixels of <see cref="FromRgb"/> are no file: only their number counts.</param>
    /// <exception cref="BlipException">
    /// <see cref="BlipErrorCode.UnsupportedImage"/> (the message names the format where it is known), <see cref="BlipErrorCode.ImageTooLarge"/>,
    /// <see cref="BlipErrorCode.TooManyPixels"/> or <see cref="BlipErrorCode.ImageCorrupt"/>.
    /// </exception>
    public ImageHeader ReadHeader(ImageLimits? limits = null)
    {
        if (_raw is null)
            return ImageHeader.Read(Data.Span, limits);
        (limits ?? ImageLimits.Default).CheckPixels(_raw.Width, _raw.Height);
        return _raw;
    }

    private static FileStream Open(string path, FileOptions options)
        => Directory.Exists(path)
            ? throw new BlipException(BlipErrorCode.FileNotFound, $"{path} is a directory, not an image. Name a file.")
            : new FileStream(path, new FileStreamOptions { Options = options, BufferSize = 0, Share = FileShare.ReadWrite | FileShare.Delete });

    private static bool IsUnreadable(Exception failure) => failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException;

    private static BlipException Unreadable(string path, Exception failure) => failure switch
    {
        FileNotFoundException or DirectoryNotFoundException => new(BlipErrorCode.FileNotFound, $"There is no file {path}.", failure),
        UnauthorizedAccessException => new(BlipErrorCode.FileNotFound, $"{path} cannot be read: access is denied.", failure),
        ArgumentException => new(BlipErrorCode.FileNotFound, "The name of the file is empty or has characters that no file name has.", failure),
        _ => new(BlipErrorCode.FileNotFound, $"{path} cannot be read.", failure),
    };
}
