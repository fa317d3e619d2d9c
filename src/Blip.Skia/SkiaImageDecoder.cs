using System.Buffers;
using System.Runtime.InteropServices;
using Blip.Images;
using SkiaSharp;

namespace Blip.Skia;

/// <summary>
/// Decodes JPEG, PNG and WebP with Skia, and GIF and BMP with readers of Blip, because Skia reads some rare kinds of them otherwise than
/// Pillow, or not at all. The pixels are those of Pillow, bit for bit. It is the default decoder. Where Skia's native library is missing,
/// decoding fails with <see cref="BlipErrorCode.PackageMissing"/>. Thread-safe.
/// </summary>
public sealed unsafe class SkiaImageDecoder : IImageDecoder
{
    // 16 rows of a large photo fit into the second-level cache until they are resampled. A JPEG decoder also decodes 16 rows at a time.
    private const int StripRows = 16;

    /// <inheritdoc/>
    public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(rows);

        switch (header.Format)
        {
            case ImageFormat.Gif: GifPixels.Decode(data.Span, header, rows, cancellationToken); break;
            case ImageFormat.Bmp: BmpPixels.Decode(data.Span, header, rows, cancellationToken); break;
            case ImageFormat.WebP when WebPFile.FirstFrame(data) is { } frame:
                DecodeFrame(frame, header, rows, cancellationToken);
                break;
            default: DecodeNative(data, header, rows, cancellationToken); break;
        }
    }

    private static void DecodeFrame(AnimationFrame frame, ImageHeader canvas, IPixelRows rows, CancellationToken cancellationToken)
    {
        if (frame.Left + frame.Width > canvas.Width || frame.Top + frame.Height > canvas.Height)
            throw ImageErrors.Corrupt(ImageFormat.WebP, "its first frame lies outside its size");
        using PlacedRows placed = new(rows, canvas, frame.Left, frame.Top, frame.Width);
        ImageHeader still = new(ImageFormat.WebP, frame.Width, frame.Height) { Parts = canvas.Parts };
        DecodeNative(frame.Still(), still, placed, cancellationToken);
        placed.Finish();
    }

    private static void DecodeNative(
        ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
    {
        if (header.Format == ImageFormat.Jpeg)
            data = JpegFile.WithOpenEnd(data);
        else if (header.Format == ImageFormat.WebP)
            data = WebPFile.WithoutPadding(data);
        // Skia reads the caller's bytes without a copy, so they stay pinned until the codec is disposed.
        using MemoryHandle pin = data.Pin();
        using SKData encoded = Wrap((nint)pin.Pointer, data.Length);
        using SKMemoryStream stream = new(encoded);
        using SKCodec codec = SKCodec.Create(stream, out SKCodecResult opened) ?? throw Failure(header.Format, opened);
        if (codec.Info.Width != header.Width || codec.Info.Height != header.Height)
            throw ImageErrors.Corrupt(header.Format, "it states two different sizes");

        SKImageInfo info = new(header.Width, header.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        if (header.Format == ImageFormat.Jpeg && codec.StartScanlineDecode(info) == SKCodecResult.Success)
            DecodeStrips(codec, info, data, rows, cancellationToken);
        else if (header.Parts > 1)
            DecodeParts(codec, info, header, rows, cancellationToken);
        else
            DecodeWhole(codec, info, data, header, rows, cancellationToken);
    }

    // The first call into the native library.
    private static SKData Wrap(nint data, int length)
    {
        try
        {
            return SKData.Create(data, length);
        }
        catch (Exception missing) when (missing is DllNotFoundException or TypeInitializationException)
        {
            throw new BlipException(BlipErrorCode.PackageMissing,
                $"Skia's native library is missing, or it does not fit this system ({RuntimeInformation.RuntimeIdentifier}). Add the "
                + "package SkiaSharp.NativeAssets.Linux.NoDependencies to the application, or the "
                + "SkiaSharp.NativeAssets package for your system.",
                missing);
        }
    }

    private static void DecodeStrips(
        SKCodec codec, SKImageInfo info, ReadOnlyMemory<byte> data, IPixelRows rows, CancellationToken cancellationToken)
    {
        using PixelBuffer strip = new((long)info.RowBytes * StripRows);
        for (int y = 0; y < info.Height; y += StripRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = Math.Min(StripRows, info.Height - y);
            if (codec.GetScanlines((nint)strip.Pointer, count, info.RowBytes) != count)
                throw ImageErrors.Corrupt(ImageFormat.Jpeg, "its pixels cannot be decoded");
            ReadOnlySpan<byte> decoded = new(strip.Pointer, count * info.RowBytes);
            if (y + count == info.Height)
                JpegFile.CheckLastPixel(data.Span, decoded[^4..]);
            rows.Write(decoded);
        }
    }

    private static void DecodeParts(
        SKCodec codec, SKImageInfo info, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
    {
        // Skia takes even rows only.
        int height = ((info.Height + (2 * header.Parts) - 1) / (2 * header.Parts)) * 2;
        using PixelBuffer part = new((long)info.RowBytes * height);
        for (int y = 0; y < info.Height; y += height)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = Math.Min(height, info.Height - y);
            SKCodecOptions options = new(SKRectI.Create(0, y, info.Width, count));
            SKCodecResult result = codec.GetPixels(info.WithSize(info.Width, count), (nint)part.Pointer, info.RowBytes, options);
            if (result != SKCodecResult.Success)
                throw Failure(header.Format, result);
            rows.Write(new ReadOnlySpan<byte>(part.Pointer, count * info.RowBytes));
        }
    }

    private static void DecodeWhole(
        SKCodec codec, SKImageInfo info, ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows,
        CancellationToken cancellationToken)
    {
        using PixelBuffer image = new((long)info.RowBytes * info.Height);
        SKCodecResult result = codec.GetPixels(info, (nint)image.Pointer, info.RowBytes, SKCodecOptions.Default);
        if (result != SKCodecResult.Success && header.Format == ImageFormat.Png && PngFile.HasWrongChecksum(data.Span, header))
            throw ImageErrors.Corrupt(ImageFormat.Png, "the checksum of its pixels is wrong");
        if (result != SKCodecResult.Success)
            throw Failure(header.Format, result);
        if (rows is IWholePixels whole)
        {
            whole.WriteWhole(image.Pointer);
            return;
        }
        for (int y = 0; y < info.Height; y += StripRows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = Math.Min(StripRows, info.Height - y);
            rows.Write(new ReadOnlySpan<byte>(image.Pointer + ((long)y * info.RowBytes), count * info.RowBytes));
        }
    }

    private static BlipException Failure(ImageFormat format, SKCodecResult result)
        => result == SKCodecResult.IncompleteInput
            ? ImageErrors.Truncated(format)
            : ImageErrors.Corrupt(format, "its pixels cannot be decoded");
}
