using System.Buffers.Binary;

namespace Blip.Images;

/// <summary>Reads the markers of a JPEG file (ITU T.81, annex B).</summary>
internal static class JpegFile
{
    // Normal progressive files have about ten scans. For each scan the decoder processes the whole image, even if the scan has few bytes.
    private const int MaxScans = 1000;
    private const long MaxScannedPixels = 1_000_000_000;

    private const byte EndOfImage = 0xD9, StartOfScan = 0xDA, App1 = 0xE1;

    public static ImageHeader ReadHeader(ReadOnlySpan<byte> data)
    {
        (int Width, int Height)? size = null;
        int exif = 0, xmp = 0;
        int at = 2;
        while (true)
        {
            byte marker = NextMarker(data, ref at);
            if (marker == StartOfScan)
                break;
            if (marker == EndOfImage)
                throw ImageErrors.Corrupt(ImageFormat.Jpeg, "it ends before any pixel");
            ReadOnlySpan<byte> segment = Segment(data, ref at);
            if (IsFrame(marker))
                size ??= Frame(marker, segment);
            else if (marker == App1 && exif == 0 && segment.StartsWith("Exif\0\0"u8))
                exif = Orientations.FromExif(segment);
            else if (marker == App1 && segment.StartsWith("http://ns.adobe.com/xap/1.0/\0"u8))
                xmp = Orientations.FromXmp(segment);
        }
        if (size is not { } found)
            throw ImageErrors.Corrupt(ImageFormat.Jpeg, "its size is missing");
        return new ImageHeader(ImageFormat.Jpeg, found.Width, found.Height, Orientations.Choose(exif, xmp));
    }

    /// <summary>
    /// Checks that the end marker is there, because decoders accept an incomplete progressive file without an error. Bytes after the
    /// end marker, such as a second image or a video, are ignored.
    /// </summary>
    public static void CheckComplete(ReadOnlySpan<byte> data, ImageHeader header)
    {
        int scans = 0;
        int at = 2;
        for (byte marker = NextMarker(data, ref at); marker != EndOfImage; marker = NextMarker(data, ref at))
        {
            Segment(data, ref at);
            if (marker == StartOfScan && (++scans > MaxScans || scans * header.Pixels > MaxScannedPixels))
                throw ImageErrors.Unsupported(FormattableString.Invariant($"A JPEG of this size with {scans} scans or more"));
        }
    }

    // The next marker that has a segment, or the end marker. Stuffed zeros, fill bytes, restart markers and pixels are skipped.
    private static byte NextMarker(ReadOnlySpan<byte> data, ref int at)
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

    private static ReadOnlySpan<byte> Segment(ReadOnlySpan<byte> data, ref int at)
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

    private static bool IsFrame(byte marker) => marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC);

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
