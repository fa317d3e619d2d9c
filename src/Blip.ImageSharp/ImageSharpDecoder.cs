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
/// Decodes with ImageSharp: managed code alone, so that a broken image can at worst throw. JPEG, PNG, GIF, WebP and BMP; no other decoder of that library can be reached, since each
/// is called by the format that Blip itself told. PNG (of 8 bits), GIF, BMP and WebP without loss give Pillow's pixels; a JPEG's differ, by half a level in the mean and more at sharp coloured edges.
/// Animated WebP is not read. Thread-safe.
/// </summary>
public sealed class ImageSharpDecoder : Images.IImageDecoder
{
    /// <summary>The most that one buffer may take: an image of the largest size that <see cref="ImageLimits"/> allow by default, in the widest form.</summary>
    private const int AllocationLimitMegabytes = 1024;

    private static readonly JpegDecoder Jpeg = new() { IgnoreMetadata = true };
    private static readonly PngDecoder Png = new() { IgnoreMetadata = true };
    private static readonly GifDecoder Gif = new() { IgnoreMetadata = true, DecodingMode = FrameDecodingMode.First };
    private static readonly WebpDecoder WebP = new() { IgnoreMetadata = true };
    private static readonly BmpDecoder Bmp = new();

    private readonly Configuration _configuration = new(new JpegConfigurationModule(), new PngConfigurationModule(), new GifConfigurationModule(), new WebpConfigurationModule(), new BmpConfigurationModule())
    {
        MemoryAllocator = MemoryAllocator.Create(new MemoryAllocatorOptions { AllocationLimitMegabytes = AllocationLimitMegabytes }),
        // Requests run side by side already.
        MaxDegreeOfParallelism = 1,
    };

    /// <inheritdoc/>
    public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(rows);
        using Image<Rgba32> image = Load(data, header.Format, cancellationToken);
        if (image.Width != header.Width || image.Height != header.Height)
            throw ImageErrors.Corrupt(header.Format, "it gives two sizes");
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
        // Many kinds come out of it for broken data; an image is never worth more than its own request.
        catch (Exception exception) when (exception is not (OperationCanceledException or OutOfMemoryException))
        {
            throw ImageErrors.Corrupt(format, "its pixels cannot be decoded");
        }
    }
}
