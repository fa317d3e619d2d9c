using System.Buffers;
using System.Runtime.InteropServices;
using Blip.Images;
using Blip.ImageSharp.Checks;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Memory;
using SixLabors.ImageSharp.Metadata;
using SixLabors.ImageSharp.PixelFormats;
using IFormatDecoder = SixLabors.ImageSharp.Formats.IImageDecoder;

namespace Blip.ImageSharp;

/// <summary>
/// Decodes images with ImageSharp, in managed code. It reads JPEG (baseline in one scan, or progressive; grey or YCbCr), PNG (not
/// interlaced, at most 8 bits a sample), GIF (the first frame covers the canvas) and BMP (24 bits, or 1, 4 or 8 with a palette, not
/// compressed). Before ImageSharp sees anything, checks of Blip read the whole file and count its pixels, and make a plain file of it.
/// What is damaged is refused with <see cref="BlipErrorCode.ImageCorrupt"/>, and what ImageSharp does not read as Skia does with
/// <see cref="BlipErrorCode.UnsupportedImage"/>: other kinds of these formats, and all WebP, because it does not notice half a WebP image.
/// The pixels of PNG, GIF and BMP are those of Pillow. The pixels of JPEG differ by half a level on average, and by more at sharp edges
/// between colours. Thread-safe.
/// </summary>
public sealed unsafe class ImageSharpDecoder : Images.IImageDecoder
{
    /// <summary>
    /// The largest size of one buffer: enough for an image of the largest size that <see cref="ImageLimits.Default"/> allows, in the
    /// largest pixel type.
    /// </summary>
    private const int AllocationLimitMegabytes = 1024;

    private static readonly JpegDecoder Jpeg = new() { IgnoreMetadata = true };
    private static readonly PngDecoder Png = new() { IgnoreMetadata = true };
    private static readonly GifDecoder Gif = new() { IgnoreMetadata = true, DecodingMode = FrameDecodingMode.First };
    private static readonly BmpDecoder Bmp = new();

    private static readonly TimeSpan MaxDecodeTime = TimeSpan.FromSeconds(30);

    private readonly Configuration _configuration = new(
        new JpegConfigurationModule(), new PngConfigurationModule(), new GifConfigurationModule(), new BmpConfigurationModule())
    {
        MemoryAllocator = MemoryAllocator.Create(new MemoryAllocatorOptions { AllocationLimitMegabytes = AllocationLimitMegabytes }),
        // Requests already run in parallel.
        MaxDegreeOfParallelism = 1,
        // One buffer can be turned where it is.
        PreferContiguousImageBuffers = true,
    };

    /// <inheritdoc/>
    public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(rows);
        (IFormatDecoder decoder, MemoryStream plain) = header.Format switch
        {
            ImageFormat.Jpeg => ((IFormatDecoder)Jpeg, JpegCheck.Plain(data.Span, header)),
            ImageFormat.Png => (Png, PngCheck.Plain(data.Span, header, cancellationToken)),
            ImageFormat.Gif => (Gif, GifCheck.Plain(data.Span)),
            ImageFormat.Bmp => (Bmp, BmpCheck.Plain(data.Span)),
            // Whether all pixels are there can be found out only by decoding, and ImageSharp does not tell.
            _ => throw Refusal.Of("WebP"),
        };
        using Image<Rgba32> image = Load(decoder, plain, header.Format, cancellationToken);
        if (image.Width != header.Width || image.Height != header.Height)
            throw ImageErrors.Corrupt(header.Format, "it states two different sizes");
        if (rows is IWholePixels whole && image.DangerousTryGetSinglePixelMemory(out Memory<Rgba32> memory))
        {
            using MemoryHandle pin = memory.Pin();
            whole.WriteWhole((byte*)pin.Pointer);
            return;
        }
        image.ProcessPixelRows(pixels =>
        {
            for (int y = 0; y < pixels.Height; y++)
                rows.Write(MemoryMarshal.AsBytes(pixels.GetRowSpan(y)));
        });
    }

    private Image<Rgba32> Load(IFormatDecoder decoder, MemoryStream plain, ImageFormat format, CancellationToken cancellationToken)
    {
        try
        {
            return Bounded.Run(
                () => decoder.Decode<Rgba32>(_configuration, plain, cancellationToken), MaxDecodeTime, cancellationToken);
        }
        // The checks have passed, so what fails now is not the image's fault.
        catch (Exception exception) when (exception is not (BlipException or OperationCanceledException or OutOfMemoryException))
        {
            throw Refusal.Of($"This {ImageErrors.Name(format)} image");
        }
    }
}
