using System.Buffers.Binary;
using System.IO.Compression;
using SkiaSharp;

namespace Blip.Tests.Images;

/// <summary>Images of any size with one colour, in small files and in every kind that decoders treat differently.</summary>
internal static class LargeImages
{
    private static readonly Dictionary<string, Func<int, int, byte[]>> Kinds = new()
    {
        ["JPEG 4:2:0"] = (w, h) => Jpeg(w, h, 0xC0, [0x22, 0x11, 0x11]),
        ["JPEG 4:4:4"] = (w, h) => Jpeg(w, h, 0xC0, [0x11, 0x11, 0x11]),
        ["JPEG CMYK"] = (w, h) => Jpeg(w, h, 0xC0, [0x11, 0x11, 0x11, 0x11]),
        ["JPEG 4:4:4 in three scans"] = (w, h) => Jpeg(w, h, 0xC0, [0x11, 0x11, 0x11], inScans: true),
        ["progressive JPEG grey"] = (w, h) => Jpeg(w, h, 0xC2, [0x11]),
        ["progressive JPEG 4:2:0"] = (w, h) => Jpeg(w, h, 0xC2, [0x22, 0x11, 0x11]),
        ["progressive JPEG 4:4:4"] = (w, h) => Jpeg(w, h, 0xC2, [0x11, 0x11, 0x11]),
        ["progressive JPEG CMYK"] = (w, h) => Jpeg(w, h, 0xC2, [0x11, 0x11, 0x11, 0x11]),
        ["PNG palette"] = (w, h) => Png(w, h, 8, 3, 0),
        ["PNG RGB"] = (w, h) => Png(w, h, 8, 2, 0),
        ["PNG RGBA"] = (w, h) => Png(w, h, 8, 6, 0),
        ["PNG RGBA, 16 bits"] = (w, h) => Png(w, h, 16, 6, 0),
        ["interlaced PNG palette"] = (w, h) => Png(w, h, 8, 3, 1),
        ["interlaced PNG grey"] = (w, h) => Png(w, h, 8, 0, 1),
        ["interlaced PNG grey with alpha"] = (w, h) => Png(w, h, 8, 4, 1),
        ["interlaced PNG grey, 16 bits"] = (w, h) => Png(w, h, 16, 0, 1),
        ["interlaced PNG RGB"] = (w, h) => Png(w, h, 8, 2, 1),
        ["interlaced PNG RGBA"] = (w, h) => Png(w, h, 8, 6, 1),
        ["interlaced PNG RGB, 16 bits"] = (w, h) => Png(w, h, 16, 2, 1),
        ["interlaced PNG RGBA, 16 bits"] = (w, h) => Png(w, h, 16, 6, 1),
        ["WebP lossless"] = LosslessWebP,
        ["WebP lossy"] = (w, h) => WebP(w, h, SKAlphaType.Opaque),
        ["WebP lossy with alpha"] = (w, h) => WebP(w, h, SKAlphaType.Unpremul),
        ["GIF"] = Gif,
        ["BMP, 1 bit"] = (w, h) => Bmp(w, h, 1),
        ["BMP, 24 bits"] = (w, h) => Bmp(w, h, 24),
        ["BMP RLE8"] = RleBmp,
    };

    public static IEnumerable<string> Names => Kinds.Keys;

    public static byte[] Of(string kind, int width, int height) => Kinds[kind](width, height);

    /// <summary>The same file with an orientation that swaps the sides; null where the format has none.</summary>
    public static byte[]? Turned(byte[] file, int width, int height)
    {
        byte[] exif = ImageBuilder.Exif(6, little: true);
        return file[0] switch
        {
            0xFF => ImageBuilder.JpegWith(file, [.. "Exif\0\0"u8, .. exif]),
            0x89 => ImageBuilder.PngWith(file, "eXIf", exif),
            (byte)'R' => ImageBuilder.WebPWith(file, width, height, "EXIF", exif),
            _ => null,
        };
    }

    /// <summary>A JPEG of zeros. Each table has one code: a zero bit for no difference or the end of a block.</summary>
    private static byte[] Jpeg(int width, int height, byte frame, byte[] sampling, bool inScans = false)
    {
        List<byte> file = [0xFF, 0xD8];
        Segment(0xDB, [0, .. Enumerable.Repeat((byte)1, 64)]);
        if (sampling.Length == 4)
            Segment(0xEE, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, 0]);
        Segment(frame, [8, (byte)(height >> 8), (byte)height, (byte)(width >> 8), (byte)width, (byte)sampling.Length,
            .. sampling.SelectMany((factors, i) => (byte[])[(byte)(i + 1), factors, 0])]);
        Segment(0xC4, [0x00, 1, .. new byte[16], 0x10, 1, .. new byte[16]]);

        int most = sampling.Max(factors => factors >> 4), units = Units(width, most) * Units(height, most);
        int all = units * sampling.Sum(factors => (factors >> 4) * (factors >> 4));
        byte[] everything = [.. Enumerable.Range(1, sampling.Length).Select(i => (byte)i)];
        if (frame == 0xC0 && !inScans)
            Scan(everything, 0, 63, 2 * all);
        if (frame == 0xC2)
            Scan(everything, 0, 0, all);
        for (int i = 0; i < sampling.Length && (frame == 0xC2 || inScans); i++)
        {
            int side = most / (sampling[i] >> 4), blocks = Units(width, side) * Units(height, side);
            Scan([everything[i]], frame == 0xC2 ? 1 : 0, 63, frame == 0xC2 ? blocks : 2 * blocks);
        }
        return [.. file, 0xFF, 0xD9];

        static int Units(int size, int side) => (size + (8 * side) - 1) / (8 * side);

        void Segment(byte marker, byte[] body) => file.AddRange([0xFF, marker, 0, (byte)(body.Length + 2), .. body]);

        void Scan(byte[] channels, int first, int last, int bits)
        {
            Segment(0xDA, [(byte)channels.Length, .. channels.SelectMany(id => (byte[])[id, 0]), (byte)first, (byte)last, 0]);
            file.AddRange(new byte[(bits + 7) / 8]);
        }
    }

    private static byte[] Png(int width, int height, int depth, int colour, byte interlaced)
    {
        byte[] header = [.. new byte[8], (byte)depth, (byte)colour, 0, 0, interlaced];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        int bits = depth * colour switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        (int X, int Y, int StepX, int StepY)[] passes = interlaced == 0
            ? [(0, 0, 1, 1)]
            : [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
        using MemoryStream deflated = new();
        using (ZLibStream stream = new(deflated, CompressionLevel.Fastest, leaveOpen: true))
            foreach ((int x, int y, int stepX, int stepY) in passes)
            {
                long columns = (width - x + stepX - 1) / stepX;
                byte[] row = columns > 0 ? new byte[1 + (((columns * bits) + 7) / 8)] : [];
                for (int line = y; line < height; line += stepY)
                    stream.Write(row);
            }
        return
        [
            0x89, .. "PNG\r\n\u001A\n"u8, .. ImageBuilder.PngChunk("IHDR", header),
            .. colour == 3 ? ImageBuilder.PngChunk("PLTE", new byte[768]) : [],
            .. ImageBuilder.PngChunk("IDAT", deflated.ToArray()), .. ImageBuilder.PngChunk("IEND", []),
        ];
    }

    /// <summary>A lossless WebP whose five codes have one symbol each: its pixels take no bits.</summary>
    private static byte[] LosslessWebP(int width, int height)
    {
        byte[] body = new byte[16];
        body[0] = 0x2F;
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(1), (uint)(width - 1) | ((uint)(height - 1) << 14));
        // No transform, no colour cache, one group of codes; each code is simple (1), with one symbol (0) of one bit (0): 0.
        uint codes = 0;
        for (int i = 0; i < 5; i++)
            codes |= 1u << (3 + (4 * i));
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(5), codes);
        byte[] file = [.. "RIFF0000WEBPVP8L"u8, (byte)body.Length, 0, 0, 0, .. body];
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
        return file;
    }

    private static byte[] WebP(int width, int height, SKAlphaType alpha)
    {
        using SKBitmap bitmap = new(new SKImageInfo(width, height, SKColorType.Rgba8888, alpha));
        bitmap.Erase(new SKColor(200, 100, 50, alpha == SKAlphaType.Opaque ? (byte)255 : (byte)100));
        using SKPixmap pixels = bitmap.PeekPixels()!;
        using SKData file = pixels.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossy, 50))!;
        return file.ToArray();
    }

    /// <summary>A GIF of index 0 alone. Each code stands for one pixel more than the one before.</summary>
    private static byte[] Gif(int width, int height)
    {
        const int Clear = 256, MaxCodes = 4096;
        List<byte> data = [];
        (ulong bits, int count, int size, int next) = (0, 0, 9, Clear + 2);
        long left = (long)width * height;
        Put(Clear);
        for (int length = 1; left > 0; length++)
        {
            if (length > left || next >= MaxCodes)
            {
                Put(Clear);
                (size, next, length) = (9, Clear + 2, 1);
            }
            Put(length == 1 ? 0 : Clear + length);
            left -= length;
            // The decoder adds a code with every code but the first.
            if (length > 1 && ++next == 1 << size && size < 12)
                size++;
        }
        Put(Clear + 1);
        data.Add((byte)bits);

        List<byte> file = [.. "GIF89a"u8, .. U16(width), .. U16(height), 0xF7, 0, 0, .. new byte[768]];
        file.AddRange([0x2C, 0, 0, 0, 0, .. U16(width), .. U16(height), 0, 8]);
        foreach (byte[] block in data.Chunk(255))
            file.AddRange([(byte)block.Length, .. block]);
        return [.. file, 0, 0x3B];

        static byte[] U16(int value) => [(byte)value, (byte)(value >> 8)];

        void Put(int code)
        {
            bits |= (ulong)(uint)code << count;
            for (count += size; count >= 8; count -= 8, bits >>= 8)
                data.Add((byte)bits);
        }
    }

    private static byte[] Bmp(int width, int height, short bits)
    {
        byte[] palette = bits == 1 ? new byte[8] : [];
        return ImageBuilder.Bmp(ImageBuilder.BmpHeader(width, height, bits, 0), palette, new byte[((width * bits) + 31) / 32 * 4 * height]);
    }

    private static byte[] RleBmp(int width, int height)
    {
        List<byte> row = [];
        for (int left = width; left > 0; left -= 255)
            row.AddRange([(byte)Math.Min(255, left), 0]);
        row.AddRange([0, 0]);
        byte[] rows = new byte[(row.Count * height) + 2];
        for (int y = 0; y < height; y++)
            row.CopyTo(rows, y * row.Count);
        rows[^1] = 1;
        return ImageBuilder.Bmp(ImageBuilder.BmpHeader(width, height, 8, 1), new byte[1024], rows);
    }
}
