using System.Runtime.InteropServices;

namespace Blip.Images;

/// <summary>Decodes the first frame of a GIF file. Around it, and where its colour is transparent, alpha is 0.</summary>
internal static unsafe class GifPixels
{
    private const int MinCodeSize = 2, MaxCodeSize = 11;

    public static void Decode(ReadOnlySpan<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
    {
        GifFrame frame = GifFile.FirstFrame(data);
        if (frame.CanvasWidth != header.Width || frame.CanvasHeight != header.Height)
            throw ImageErrors.Corrupt(ImageFormat.Gif, "it states two different sizes");
        if (frame.CodesAt >= data.Length)
            throw ImageErrors.Truncated(ImageFormat.Gif);
        int codeSize = data[frame.CodesAt];
        if (codeSize is < MinCodeSize or > MaxCodeSize)
            throw ImageErrors.Corrupt(ImageFormat.Gif, "its codes have a length that no GIF has");

        using PixelBuffer indices = new((long)frame.Width * frame.Height);
        Span<byte> pixels = new(indices.Pointer, frame.Width * frame.Height);
        if (!GifCodes.Expand(data[(frame.CodesAt + 1)..], codeSize, pixels))
            throw ImageErrors.Corrupt(ImageFormat.Gif, "the end of its pixels is missing, or a code is wrong");
        using PlacedRows canvas = new(rows, header, frame.Left, frame.Top, frame.Width);
        Write(frame, pixels, canvas, cancellationToken);
        canvas.Finish();
    }

    private static void Write(in GifFrame frame, ReadOnlySpan<byte> pixels, PlacedRows canvas, CancellationToken cancellationToken)
    {
        Span<uint> colours = stackalloc uint[256];
        frame.FillColours(colours);
        if (frame.Transparent >= 0)
            colours[frame.Transparent] = 0;
        using PixelBuffer buffer = new(frame.Width * 4L);
        Span<uint> row = new(buffer.Pointer, frame.Width);
        for (int y = 0; y < frame.Height; y++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int stored = frame.IsInterlaced ? StoredRow(y, frame.Height) : y;
            ReadOnlySpan<byte> indices = pixels.Slice(stored * frame.Width, frame.Width);
            for (int x = 0; x < row.Length; x++)
                row[x] = colours[indices[x]];
            canvas.Write(MemoryMarshal.AsBytes(row));
        }
    }

    // Interlaced rows come in four passes: every eighth, the ones in the middle, the ones between these, all that are left.
    private static int StoredRow(int y, int height)
    {
        int second = (height + 7) / 8, third = second + ((height + 3) / 8), fourth = third + ((height + 1) / 4);
        return (y & 7) switch
        {
            0 => y / 8,
            4 => second + (y / 8),
            2 or 6 => third + (y / 4),
            _ => fourth + (y / 2),
        };
    }
}
