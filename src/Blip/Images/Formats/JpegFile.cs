using System.Buffers.Binary;

namespace Blip.Images;

/// <summary>Reads the markers of a JPEG file (ITU T.81, annex B).</summary>
internal static class JpegFile
{
    // Normal progressive files have about ten scans. For each scan the decoder processes the whole image, even if the scan has few bytes.
    private const int MaxScans = 1000;
    private const long MaxScannedPixels = 1_000_000_000;

    // Following coded data takes up to a fifth of the time of decoding it. In a larger file only its last unit of pixels is in doubt.
    private const int MaxFollowed = 256 * 1024;

    // Decoders read two bytes ahead, and encoders leave out zeros at the end. Each zero more would hide more missing data.
    private const int OpenEnd = 4;

    private const byte EndOfImage = 0xD9, StartOfScan = 0xDA, DefineRestartInterval = 0xDD, App1 = 0xE1,
        ProgressiveFrame = 0xC2, ArithmeticProgressiveFrame = 0xCA, JpegLsFrame = 0xF7;

    public static ImageHeader ReadHeader(ReadOnlySpan<byte> data)
    {
        (int Width, int Height)? size = null;
        byte frame = 0;
        ReadOnlySpan<byte> channels = default;
        int exif = 0, xmp = 0;
        int at = 2;
        while (true)
        {
            byte marker = NextMarker(data, ref at);
            if (marker == StartOfScan)
                break;
            if (marker == EndOfImage)
                throw ImageErrors.Corrupt(ImageFormat.Jpeg, "it ends before any pixel");
            if (marker == JpegLsFrame && size is null)
                throw ImageErrors.Unsupported("JPEG-LS");
            ReadOnlySpan<byte> segment = Segment(data, ref at);
            if (IsFrame(marker))
            {
                if (size is null)
                {
                    (size, frame) = (Frame(marker, segment), marker);
                    channels = segment[6..Math.Min(segment.Length, 6 + (3 * segment[5]))];
                }
            }
            else if (marker == App1 && exif == 0 && segment.StartsWith("Exif\0\0"u8))
                exif = Orientations.FromExif(segment);
            else if (marker == App1 && segment.StartsWith("http://ns.adobe.com/xap/1.0/\0"u8))
                xmp = Orientations.FromXmp(segment);
        }
        if (size is not { } found)
            throw ImageErrors.Corrupt(ImageFormat.Jpeg, "its size is missing");
        if (found.Height == 0 && data[at..].IndexOf((ReadOnlySpan<byte>)[0xFF, 0xDC, 0, 4]) >= 0)
            throw ImageErrors.Unsupported("A JPEG that states its height after its pixels (DNL)");
        ImageHeader header = new(ImageFormat.Jpeg, found.Width, found.Height, Orientations.Choose(exif, xmp));
        bool isProgressive = frame is ProgressiveFrame or ArithmeticProgressiveFrame;
        // With all channels in its first scan, a sequential image has one scan.
        if (!isProgressive && (at + 2 >= data.Length || data[at + 2] >= channels.Length / 3))
            return header;
        return header with
        {
            KeepsCoefficients = true,
            Kind = isProgressive ? "a progressive JPEG" : "a JPEG in several scans",
            DecodeBytes = CoefficientBytes(found.Width, found.Height, channels, isProgressive)
                + (header.Orientation == 1 ? 0 : 4 * header.Pixels),
        };
    }

    /// <summary>
    /// What decoders keep until the last scan: two bytes for each coefficient of all blocks. Following a progressive image takes a bit for
    /// each.
    /// </summary>
    private static long CoefficientBytes(long width, long height, ReadOnlySpan<byte> channels, bool isProgressive)
    {
        (int horizontal, int vertical, int blocks) = (1, 1, 0);
        for (; channels.Length >= 3; channels = channels[3..])
        {
            (int h, int v) = (channels[1] >> 4, channels[1] & 15);
            (horizontal, vertical, blocks) = (Math.Max(horizontal, h), Math.Max(vertical, v), blocks + (h * v));
        }
        (int unitWidth, int unitHeight) = (8 * horizontal, 8 * vertical);
        return (width + unitWidth - 1) / unitWidth * ((height + unitHeight - 1) / unitHeight) * blocks * (isProgressive ? 136 : 128);
    }

    /// <summary>
    /// Checks that the end marker is there and that no scan stops before it has all its blocks, because decoders fill what is missing with
    /// grey and report nothing. The coded data of a large sequential image is not followed: <see cref="CheckLastPixel"/> does it where the
    /// decoded image asks for it. Bytes after the end marker, such as a second image or a video, are ignored.
    /// </summary>
    public static void CheckComplete(ReadOnlySpan<byte> data, ImageHeader header)
    {
        int scans = 0, at = 2, interval = 0;
        long coded = 0;
        byte frame = 0, channels = 0;
        for (byte marker = NextMarker(data, ref at); marker != EndOfImage; marker = NextMarker(data, ref at))
        {
            ReadOnlySpan<byte> segment = Segment(data, ref at);
            if (IsFrame(marker) && frame == 0)
                (frame, channels) = (marker, segment[5]);
            else if (marker == DefineRestartInterval && segment.Length >= 2)
                interval = BinaryPrimitives.ReadUInt16BigEndian(segment);
            if (marker != StartOfScan)
                continue;
            if (++scans > MaxScans || scans * header.Pixels > MaxScannedPixels)
                throw ImageErrors.Unsupported(FormattableString.Invariant($"A JPEG of this size with {scans} scans or more"));
            int begin = at;
            SkipScan(data, ref at, interval);
            coded += at - begin;
        }
        if (IsArithmetic(frame))
        {
            if (scans > 1)
                throw ImageErrors.Unsupported("A JPEG with arithmetic coding and several scans");
        }
        else if (scans > 1 || frame == ProgressiveFrame || channels == 4 || coded <= MaxFollowed)
            JpegScans.Check(data);
    }

    /// <summary>Follows the coded data of an image whose last pixel looks like those that decoders make up.</summary>
    public static void CheckLastPixel(ReadOnlySpan<byte> data, ReadOnlySpan<byte> rgba)
    {
        if (JpegScans.MayBeUnfilled(rgba))
            JpegScans.Check(data);
    }

    /// <summary>
    /// An image with arithmetic coding ends in zeros instead of the end marker, so that a decoder that needs more than these says so. It
    /// is rare, so it is copied.
    /// </summary>
    public static ReadOnlyMemory<byte> WithOpenEnd(ReadOnlyMemory<byte> file)
    {
        ReadOnlySpan<byte> data = file.Span;
        byte marker, frame = 0;
        int at = 2;
        do
        {
            marker = NextMarker(data, ref at);
            _ = Segment(data, ref at);
            frame = IsFrame(marker) ? marker : frame;
        }
        while (marker != StartOfScan);
        if (!IsArithmetic(frame))
            return file;
        SkipScan(data, ref at, interval: 0);
        return (byte[])[.. data[..at], .. new byte[OpenEnd]];
    }

    public static bool IsFrame(byte marker) => marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC);

    public static bool IsArithmetic(byte frame) => frame is 0xC9 or 0xCA;

    // The next marker that has a segment, or the end marker. Stuffed zeros, fill bytes, restart markers and pixels are skipped.
    public static byte NextMarker(ReadOnlySpan<byte> data, ref int at)
    {
        while (true)
        {
            int found = data[at..].IndexOf((byte)0xFF);
            if (found < 0 || (at += found + 1) >= data.Length)
                throw ImageErrors.Truncated(ImageFormat.Jpeg);
            byte marker = data[at];
            if (marker == 0xFF)
                continue;
            at++;
            if (marker is not (0x00 or 0x01 or (>= 0xD0 and <= 0xD8)))
                return marker;
        }
    }

    public static ReadOnlySpan<byte> Segment(ReadOnlySpan<byte> data, scoped ref int at)
    {
        if (at + 2 > data.Length)
            throw ImageErrors.Truncated(ImageFormat.Jpeg);
        int length = BinaryPrimitives.ReadUInt16BigEndian(data[at..]);
        if (length < 2)
            throw ImageErrors.Corrupt(ImageFormat.Jpeg, "a segment has no length");
        if (at + length > data.Length)
            throw ImageErrors.Truncated(ImageFormat.Jpeg);
        ReadOnlySpan<byte> segment = data[(at + 2)..(at + length)];
        at += length;
        return segment;
    }

    // Moves to the marker that ends a scan. What may stand there is told apart from a byte that was damaged.
    private static void SkipScan(ReadOnlySpan<byte> data, ref int at, int interval)
    {
        int restart = 0;
        while (true)
        {
            int found = data[at..].IndexOf((byte)0xFF);
            if (found < 0 || (at += found) + 1 >= data.Length)
                throw ImageErrors.Truncated(ImageFormat.Jpeg);
            byte marker = data[at + 1];
            if (marker is >= 0xD0 and <= 0xD7)
            {
                if (interval > 0 && marker != 0xD0 + (restart++ & 7))
                    throw ImageErrors.Corrupt(ImageFormat.Jpeg, "a part of its coded data is missing");
                at += 2;
            }
            else if (marker == 0)
                at += 2;
            else if (marker == 0xFF)
                at++;
            else if (marker is 0xC4 or 0xCC or (>= 0xD9 and <= 0xDF) or (>= 0xE0 and <= 0xEF) or 0xFE)
                return;
            else
                throw ImageErrors.Corrupt(ImageFormat.Jpeg, "a marker stands inside its coded data");
        }
    }

    private static (int Width, int Height) Frame(byte marker, ReadOnlySpan<byte> segment)
    {
        if (segment.Length < 6)
            throw ImageErrors.Corrupt(ImageFormat.Jpeg, "its size is missing");
        string? unsupported = marker switch
        {
            0xC0 or 0xC1 or 0xC2 or 0xC9 or 0xCA => null,
            0xC3 or 0xCB => "A lossless JPEG",
            _ => "A hierarchical JPEG",
        };
        if (unsupported is null && segment[0] != 8)
            unsupported = FormattableString.Invariant($"A JPEG with {segment[0]} bits a sample");
        if (unsupported is null && segment[5] is not (1 or 3 or 4))
            unsupported = FormattableString.Invariant($"A JPEG with {segment[5]} colour channels");
        return unsupported is null
            ? (BinaryPrimitives.ReadUInt16BigEndian(segment[3..]), BinaryPrimitives.ReadUInt16BigEndian(segment[1..]))
            : throw ImageErrors.Unsupported(unsupported);
    }
}
