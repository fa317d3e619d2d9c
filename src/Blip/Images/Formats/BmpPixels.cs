using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Blip.Images;

/// <summary>
/// Decodes a bitmap. Pixels that run lengths leave out have the first colour, as in Pillow. Alpha is read only where the file has a mask
/// for it.
/// </summary>
internal static unsafe class BmpPixels
{
    public static void Decode(ReadOnlySpan<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
    {
        BmpLayout layout = BmpFile.Read(data);
        if (layout.Width != header.Width || layout.Height != header.Height)
            throw ImageErrors.Corrupt(ImageFormat.Bmp, "it states two different sizes");
        if (layout.IsRunLength)
            DecodeRuns(data, layout, rows, cancellationToken);
        else if (layout.End > data.Length)
            throw ImageErrors.Truncated(ImageFormat.Bmp);
        else if (layout.Bits <= 8)
            DecodeIndices(data, layout, rows, cancellationToken);
        else
            DecodeFields(data, layout, rows, cancellationToken);
    }

    private static void DecodeRuns(ReadOnlySpan<byte> data, BmpLayout layout, IPixelRows rows, CancellationToken cancellationToken)
    {
        using PixelBuffer indices = new((long)layout.Width * layout.Height);
        Span<byte> pixels = new(indices.Pointer, layout.Width * layout.Height);
        pixels.Clear();
        BmpRuns.Expand(data[(int)Math.Min(layout.Offset, data.Length)..], layout, pixels);
        uint[] colours = Colours(data, layout);
        using PixelBuffer buffer = new(layout.Width * 4L);
        Span<uint> row = new(buffer.Pointer, layout.Width);
        for (int y = 0; y < layout.Height; y++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlySpan<byte> stored = pixels.Slice(StoredRow(layout, y) * layout.Width, layout.Width);
            for (int x = 0; x < row.Length; x++)
                row[x] = colours[stored[x]];
            rows.Write(MemoryMarshal.AsBytes(row));
        }
    }

    private static void DecodeIndices(ReadOnlySpan<byte> data, BmpLayout layout, IPixelRows rows, CancellationToken cancellationToken)
    {
        uint[] colours = Colours(data, layout);
        using PixelBuffer buffer = new(layout.Width * 4L);
        Span<uint> row = new(buffer.Pointer, layout.Width);
        int mask = (1 << layout.Bits) - 1;
        for (int y = 0; y < layout.Height; y++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlySpan<byte> stored = Row(data, layout, y);
            for (int x = 0, bit = 0; x < row.Length; x++, bit += layout.Bits)
                row[x] = colours[(stored[bit >> 3] >> (8 - layout.Bits - (bit & 7))) & mask];
            rows.Write(MemoryMarshal.AsBytes(row));
        }
    }

    private static void DecodeFields(ReadOnlySpan<byte> data, BmpLayout layout, IPixelRows rows, CancellationToken cancellationToken)
    {
        // Pillow rounds down in the two kinds of 16 bits that it reads.
        bool isDown = layout.Bits == 16 && (layout.Red, layout.Green, layout.Blue) is (0x7C00, 0x3E0, 0x1F) or (0xF800, 0x7E0, 0x1F);
        Channel red = new(layout.Red, isDown), green = new(layout.Green, isDown), blue = new(layout.Blue, isDown);
        Channel alpha = new(layout.Alpha, isDown);
        using PixelBuffer buffer = new(layout.Width * 4L);
        Span<byte> row = new(buffer.Pointer, layout.Width * 4);
        for (int y = 0; y < layout.Height; y++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlySpan<byte> stored = Row(data, layout, y);
            if (layout.HasPlainBytes)
            {
                CopyPlain(stored, layout.Bits / 8, row);
                rows.Write(row);
                continue;
            }
            for (int x = 0; x < row.Length; x += 4)
            {
                uint pixel = layout.Bits switch
                {
                    16 => BinaryPrimitives.ReadUInt16LittleEndian(stored),
                    24 => stored[0] | ((uint)stored[1] << 8) | ((uint)stored[2] << 16),
                    _ => BinaryPrimitives.ReadUInt32LittleEndian(stored),
                };
                stored = stored[(layout.Bits / 8)..];
                (row[x], row[x + 1], row[x + 2]) = (red.Of(pixel), green.Of(pixel), blue.Of(pixel));
                row[x + 3] = layout.Alpha == 0 ? (byte)255 : alpha.Of(pixel);
            }
            rows.Write(row);
        }
    }

    // Blue, green and red, as nearly all bitmaps have them.
    private static void CopyPlain(ReadOnlySpan<byte> stored, int step, Span<byte> row)
    {
        for (int x = 0, at = 0; x < row.Length; x += 4, at += step)
        {
            ReadOnlySpan<byte> pixel = stored.Slice(at, 3);
            (row[x], row[x + 1], row[x + 2], row[x + 3]) = (pixel[2], pixel[1], pixel[0], 255);
        }
    }

    private static ReadOnlySpan<byte> Row(ReadOnlySpan<byte> data, BmpLayout layout, int y)
        => data.Slice((int)(layout.Offset + (StoredRow(layout, y) * layout.Stride)), (int)layout.RowBytes);

    private static int StoredRow(BmpLayout layout, int y) => layout.IsTopDown ? y : layout.Height - 1 - y;

    // As RGBA bytes in memory. An index without a colour is black.
    private static uint[] Colours(ReadOnlySpan<byte> data, BmpLayout layout)
    {
        uint[] colours = new uint[256];
        Array.Fill(colours, BitConverter.ToUInt32([0, 0, 0, 255]));
        if (layout.Palette + (layout.Entry * layout.Colours) > data.Length)
            throw ImageErrors.Truncated(ImageFormat.Bmp);
        for (int i = 0; i < layout.Colours; i++)
        {
            ReadOnlySpan<byte> entry = data[(layout.Palette + (layout.Entry * i))..];
            colours[i] = BitConverter.ToUInt32([entry[2], entry[1], entry[0], 255]);
        }
        return colours;
    }

    /// <summary>The bits of one colour, or of alpha, as 0 to 255. Of more than twelve bits the upper twelve count.</summary>
    private readonly struct Channel
    {
        private const int MaxBits = 12;

        private readonly byte[] _values;
        private readonly int _shift;

        public Channel(uint mask, bool isDown)
        {
            int bits = BitOperations.PopCount(mask), lowest = BitOperations.TrailingZeroCount(mask);
            if (bits != 0 && (mask >> lowest) + 1L != 1L << bits)
                throw ImageErrors.Unsupported("A BMP with bit fields of several parts");
            int used = Math.Min(bits, MaxBits), most = Math.Max(1, (1 << used) - 1);
            _shift = lowest + bits - used;
            _values = [.. Enumerable.Range(0, 1 << used).Select(value => (byte)(((value * 255) + (isDown ? 0 : most / 2)) / most))];
        }

        public byte Of(uint pixel) => _values[(pixel >> _shift) & (uint)(_values.Length - 1)];
    }
}
