using System.Buffers;
using System.Runtime.InteropServices;
using Blip.Images;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Memory;
using SixLabors.ImageSharp.Metadata;
using SixLabors.ImageSharp.PixelFormats;
using IFormatDecoder = SixLabors.ImageSharp.Formats.IImageDecoder;

namespace Blip.ImageSharp;

/// <summary>
/// Decodes images with ImageSharp. It is managed code only, so the worst that a broken image can cause is an exception. It decodes
/// JPEG, PNG, GIF, WebP and BMP. Blip finds the format and calls its decoder, so no other decoder of the library runs. The pixels of
/// PNG with 8 bits, GIF, BMP and lossless WebP are those of Pillow. The pixels of JPEG differ by half a level on average, and by more at
/// sharp edges between colours. Animated WebP is refused with <see cref="BlipErrorCode.UnsupportedImage"/>. Thread-safe.
/// </summary>
public sealed class ImageSharpDecoder : Images.IImageDecoder
{
    /// <summary>
    /// The largest size of one buffer: enough for an image of the largest size that <see cref="ImageLimits.Default"/> allows, in the
    /// largest pixel type.
    /// </summary>
    private const int AllocationLimitMegabytes = 1024;

    private static readonly JpegDecoder Jpeg = new() { IgnoreMetadata = true };
    private static readonly PngDecoder Png = new() { IgnoreMetadata = true };
    private static readonly GifDecoder Gif = new() { IgnoreMetadata = true, DecodingMode = FrameDecodingMode.First };
    private static readonly WebpDecoder WebP = new() { IgnoreMetadata = true };
    private static readonly BmpDecoder Bmp = new();

    private readonly Configuration _configuration = new(
        new JpegConfigurationModule(), new PngConfigurationModule(), new GifConfigurationModule(), new WebpConfigurationModule(),
        new BmpConfigurationModule())
    {
        MemoryAllocator = MemoryAllocator.Create(new MemoryAllocatorOptions { AllocationLimitMegabytes = AllocationLimitMegabytes }),
        // Requests already run in parallel.
        MaxDegreeOfParallelism = 1,
    };

    /// <inheritdoc/>
    public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(rows);
        using Image<Rgba32> image = Load(data, header.Format, cancellationToken);
        if (image.Width != header.Width || image.Height != header.Height)
            throw ImageErrors.Corrupt(header.Format, "it states two different sizes");
        image.ProcessPixelRows(pixels =>
        {
            for (int y = 0; y < pixels.Height; y++)
                rows.Write(MemoryMarshal.AsBytes(pixels.GetRowSpan(y)));
        });
    }

    private unsafe Image<Rgba32> Load(ReadOnlyMemory<byte> data, ImageFormat format, CancellationToken cancellationToken)
    {
        IFormatDecoder decoder = format switch
        {
            ImageFormat.Jpeg => Jpeg,
            ImageFormat.Png => Png,
            ImageFormat.Gif => Gif,
            ImageFormat.WebP => WebP,
            _ => Bmp,
        };
        using MemoryHandle pin = data.Pin();
        using UnmanagedMemoryStream stream = new((byte*)pin.Pointer, data.Length);
        try
        {
            return decoder.Decode<Rgba32>(_configuration, stream, cancellationToken);
        }
        catch (NotSupportedException) when (format == ImageFormat.WebP)
        {
            throw ImageErrors.Unsupported("An animated WebP image");
        }
        // For broken data the library throws many types of exceptions. None of them may harm other requests.
        catch (Exception exception) when (exception is not (OperationCanceledException or OutOfMemoryException))
        {
            throw ImageErrors.Corrupt(format, "its pixels cannot be decoded");
        }
    }
}
