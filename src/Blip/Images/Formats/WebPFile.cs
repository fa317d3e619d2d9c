using System.Buffers.Binary;

namespace Blip.Images;

/// <summary>Reads the chunks of a WebP file (RFC 9649).</summary>
internal static class WebPFile
{
    private const uint Vp8 = 0x20385056, Vp8L = 0x4C385056, Vp8X = 0x58385056, Exif = 0x46495845, Xmp = 0x20504D58,
        Alpha = 0x48504C41, AnimationFrame = 0x464D4E41;

    private const byte IsAnimation = 0x02, HasAlpha = 0x10;

    // Decoders have a copy of all pixels of a lossless image. Larger images are decoded in parts, each from the beginning: 2.5 times the
    // work.
    private const int Lossless = 8, MaxWholePixels = 32_000_000, Parts = 4;

    public static ImageHeader ReadHeader(ReadOnlySpan<byte> data)
    {
        int at = 12;
        if (!TryChunk(data, ref at, out uint type, out ReadOnlySpan<byte> body))
            throw ImageErrors.Truncated(ImageFormat.WebP);
        (int width, int height) = type switch
        {
            Vp8X when body.Length >= 10 => (1 + U24(body[4..]), 1 + U24(body[7..])),
            Vp8 when body.Length >= 10 && body[3..6].SequenceEqual((ReadOnlySpan<byte>)[0x9D, 0x01, 0x2A])
                => (U16(body[6..]) & 0x3FFF, U16(body[8..]) & 0x3FFF),
            Vp8L when body.Length >= 5 && body[0] == 0x2F => LosslessSize(BinaryPrimitives.ReadUInt32LittleEndian(body[1..])),
            _ => throw ImageErrors.Corrupt(ImageFormat.WebP, "its size is missing"),
        };

        int exif = 0, xmp = 0, bytes = BytesOf(type, body);
        if (type == Vp8X)
            while (TryChunk(data, ref at, out type, out body))
            {
                if (type == Exif && exif == 0)
                    exif = Orientations.FromExif(body);
                else if (type == Xmp)
                    xmp = Orientations.FromXmp(body);
                bytes = bytes == 0 ? BytesOf(type, body) : bytes;
            }
        ImageHeader header = new(ImageFormat.WebP, width, height, Orientations.Choose(exif, xmp));
        if (bytes <= 4)
            return header;
        header = header with { Kind = bytes == Lossless ? "a lossless WebP" : "a WebP with alpha", DecodeBytes = header.Pixels * bytes };
        // Where the image is turned, all parts are kept.
        return bytes != Lossless || header.Pixels <= MaxWholePixels || header.Orientation != 1
            ? header
            : header with { Parts = Parts, DecodeBytes = header.Pixels * 5 };
    }

    public static void CheckComplete(ReadOnlySpan<byte> data)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(data[4..]) > data.Length - 8)
            throw ImageErrors.Truncated(ImageFormat.WebP);
    }

    /// <summary>The bytes a pixel that the first frame takes, by its first chunk; 0 for other chunks.</summary>
    private static int BytesOf(uint type, ReadOnlySpan<byte> body) => type switch
    {
        Vp8 => 4,
        Vp8L => Lossless,
        // The alphas, and where they are compressed as a lossless image, that too.
        Alpha => body is [var method, ..] && (method & 3) == 0 ? 5 : 9,
        AnimationFrame when body.Length >= 24 => BytesOf(BinaryPrimitives.ReadUInt32LittleEndian(body[16..]), body[24..]),
        _ => 0,
    };

    private static (int Width, int Height) LosslessSize(uint bits) => (1 + (int)(bits & 0x3FFF), 1 + (int)((bits >> 14) & 0x3FFF));

    // A chunk is returned even if its end is missing, because the size of the image is at the start of the first chunk.
    private static bool TryChunk(ReadOnlySpan<byte> data, ref int at, out uint type, out ReadOnlySpan<byte> body)
    {
        type = 0;
        body = default;
        if (data.Length - at < 8)
            return false;
        type = BinaryPrimitives.ReadUInt32LittleEndian(data[at..]);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(data[(at + 4)..]);
        body = data.Slice(at + 8, (int)Math.Min(length, (uint)(data.Length - at - 8)));
        at = (int)Math.Min(at + 8L + length + (length & 1), data.Length);
        return true;
    }

    /// <summary>
    /// The file up to the last byte of its image. Skia takes the byte that fills a chunk up to an even length for a part of the image, so
    /// where the last byte of an image is missing it would read on with a wrong one.
    /// </summary>
    public static ReadOnlyMemory<byte> WithoutPadding(ReadOnlyMemory<byte> file)
    {
        int end = ImageEnd(file.Span, 12);
        return end > 0 ? file[..end] : file;
    }

    /// <summary>The first frame of an animation; null: the file is not an animation.</summary>
    public static AnimationFrame? FirstFrame(ReadOnlyMemory<byte> data) => Frames(data, most: 1) is [var frame] ? frame : null;

    /// <summary>The frames of an animation, at most so many; none where the file is not an animation.</summary>
    public static List<AnimationFrame> Frames(ReadOnlyMemory<byte> data, int most = int.MaxValue)
    {
        List<AnimationFrame> frames = [];
        int at = 12;
        byte flags = 0;
        while (frames.Count < most && TryChunk(data.Span, ref at, out uint type, out ReadOnlySpan<byte> body))
            if (type == Vp8X && body.Length >= 10)
                flags = body[0];
            else if (type is Vp8 or Vp8L || (flags & IsAnimation) == 0)
                return [];
            else if (type == AnimationFrame && body.Length >= 16)
            {
                data.Span.Overlaps(body, out int start);
                Animation.Add(frames, Frame(data.Slice(start, body.Length), flags));
            }
        return frames;
    }

    private static AnimationFrame Frame(ReadOnlyMemory<byte> frame, byte flags)
    {
        ReadOnlySpan<byte> body = frame.Span;
        int end = ImageEnd(body, 16);
        if (end == 0)
            throw ImageErrors.Corrupt(ImageFormat.WebP, "a frame has no pixels");
        return new AnimationFrame(
            2 * U24(body), 2 * U24(body[3..]), 1 + U24(body[6..]), 1 + U24(body[9..]), IsBlended: (body[15] & 2) == 0,
            (body[15] & 1) == 1 ? FrameDisposal.Clear : FrameDisposal.Keep, Still);

        byte[] Still()
        {
            byte[] still =
            [
                .. "RIFF\0\0\0\0WEBPVP8X\n\0\0\0"u8, (byte)(flags & HasAlpha), 0, 0, 0,
                .. frame.Span[6..12], .. frame.Span[16..end],
            ];
            BinaryPrimitives.WriteInt32LittleEndian(still.AsSpan(4), still.Length - 8 + (still.Length & 1));
            return still;
        }
    }

    // The place after the image's last byte; 0: there is no image.
    private static int ImageEnd(ReadOnlySpan<byte> data, int at)
    {
        for (int start = at + 8; TryChunk(data, ref at, out uint type, out ReadOnlySpan<byte> body); start = at + 8)
            if (type is Vp8 or Vp8L)
                return start + body.Length;
        return 0;
    }

    private static int U16(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadUInt16LittleEndian(data);

    private static int U24(ReadOnlySpan<byte> data) => data[0] | (data[1] << 8) | (data[2] << 16);
}
