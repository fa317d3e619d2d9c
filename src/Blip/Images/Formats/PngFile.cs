using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace Blip.Images;

/// <summary>Reads the chunks of a PNG file (ISO 15948).</summary>
internal static class PngFile
{
    private const uint Ihdr = 0x49484452, Idat = 0x49444154, Iend = 0x49454E44, Exif = 0x65584966, Itxt = 0x69545874,
        Text = 0x74455874, Ztxt = 0x7A545874, Trns = 0x74524E53, AppleHeader = 0x43674249;

    // The modulus of Adler-32, and how many bytes its two sums take before they must be reduced.
    private const uint AdlerBase = 65521;
    private const int AdlerRun = 5552;

    // ImageMagick writes EXIF as text: a zlib stream, or plain. The longest text that is looked at, in bytes.
    private const int MaxProfile = 1 << 20;

    // Inflating takes much longer than reading, so a file has no more texts inflated than this.
    private const int MaxTexts = 32;

    public static ImageHeader ReadHeader(ReadOnlySpan<byte> data)
    {
        int at = Start(data);
        if (!TryChunk(data, ref at, out uint type, out ReadOnlySpan<byte> body))
            throw ImageErrors.Truncated(ImageFormat.Png);
        if (type == AppleHeader)
            throw ImageErrors.Unsupported("A PNG of an iPhone application (CgBI)");
        if (type != Ihdr || body.Length != 13)
            throw ImageErrors.Corrupt(ImageFormat.Png, "its header is missing");
        (uint width, uint height) = (BinaryPrimitives.ReadUInt32BigEndian(body), BinaryPrimitives.ReadUInt32BigEndian(body[4..]));
        if ((width | height) > int.MaxValue)
            throw ImageErrors.Corrupt(ImageFormat.Png, "its size is out of range");

        (byte depth, byte colour) = (body[8], body[9]);
        bool exists = colour switch
        {
            0 => depth is 1 or 2 or 4 or 8 or 16,
            3 => depth is 1 or 2 or 4 or 8,
            2 or 4 or 6 => depth is 8 or 16,
            _ => false,
        };
        if (!exists)
        {
            throw ImageErrors.Corrupt(ImageFormat.Png, FormattableString.Invariant(
                $"it states {depth} bits a sample with colour type {colour}, which no PNG has"));
        }

        if (body[12] > 1)
            throw ImageErrors.Corrupt(ImageFormat.Png, FormattableString.Invariant($"interlace method {body[12]} does not exist"));
        bool isInterlaced = body[12] != 0, hasTransparency = false, hasExif = false;
        int exif = 0, profile = 0, xmp = 0, texts = 0;
        while (TryChunk(data, ref at, out type, out body) && type != Iend)
        {
            if (type == Exif && exif == 0)
                exif = Orientations.FromExif(body);
            else if (type is Text or Ztxt or Itxt && texts < MaxTexts && ReadText(type, body, ref profile, ref xmp))
                texts++;
            (hasExif, hasTransparency) = (hasExif || type == Exif, hasTransparency || type == Trns);
        }
        // As Pillow: the profile counts only where there is no EXIF in a chunk of its own.
        ImageHeader header = new(ImageFormat.Png, (int)width, (int)height, Orientations.Choose(hasExif ? exif : profile, xmp));
        if (!isInterlaced)
            return header;
        // Decoders keep the passes of all rows, with at least a byte a sample, until the last one is there.
        int samples = Samples(colour) + (hasTransparency && colour is 0 or 2 ? 1 : 0);
        return header with { Kind = "an interlaced PNG", DecodeBytes = header.Pixels * (4 + (samples * (depth == 16 ? 2 : 1))) };
    }

    /// <summary>Checks that all chunks are there and that their checksums are right. Bytes after the last chunk are ignored.</summary>
    public static void CheckComplete(ReadOnlySpan<byte> data)
    {
        int at = Start(data);
        bool pixels = false;
        while (true)
        {
            int start = at;
            if (!TryChunk(data, ref at, out uint type, out _))
                throw ImageErrors.Truncated(ImageFormat.Png);
            if (Crc32.HashToUInt32(data[(start + 4)..(at - 4)]) != BinaryPrimitives.ReadUInt32BigEndian(data[(at - 4)..]))
                throw ImageErrors.Corrupt(ImageFormat.Png, "a checksum is wrong");
            pixels |= type == Idat;
            if (type == Iend)
                break;
        }
        if (!pixels)
            throw ImageErrors.Corrupt(ImageFormat.Png, "it has no pixels");
    }

    /// <summary>
    /// Whether the checksum of the compressed pixels is wrong though all pixels are there. Decoders take that for an end that is missing.
    /// </summary>
    public static bool HasWrongChecksum(ReadOnlySpan<byte> data, ImageHeader header)
    {
        using MemoryStream deflated = new();
        int at = Start(data);
        while (TryChunk(data, ref at, out uint type, out ReadOnlySpan<byte> body) && type != Iend)
            if (type == Idat)
                deflated.Write(body);
        // Two bytes before the compressed data, and the checksum after it.
        if (deflated.Length < 6 || data.Length < 26)
            return false;
        int end = (int)deflated.Length - 4;
        uint stated = BinaryPrimitives.ReadUInt32BigEndian(deflated.GetBuffer().AsSpan(end));
        deflated.SetLength(end);
        deflated.Position = 2;
        long least = header.Pixels * Samples(data[25]) * data[24] / 8, inflated = 0;
        (uint low, uint high) = (1, 0);
        try
        {
            using DeflateStream stream = new(deflated, CompressionMode.Decompress);
            byte[] run = new byte[AdlerRun];
            for (int read; (read = stream.Read(run)) > 0; inflated += read)
            {
                // Besides its pixels a row has a filter and at most seven bits, in each pass.
                if (inflated > (2 * least) + (16L * (header.Height + 1)))
                    return false;
                foreach (byte value in run.AsSpan(0, read))
                    high += low += value;
                (low, high) = (low % AdlerBase, high % AdlerBase);
            }
        }
        catch (InvalidDataException)
        {
            return false;
        }
        return inflated >= least && ((high << 16) | low) != stated;
    }

    private static int Samples(int colour) => colour switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };

    /// <summary>Reads the orientation where a text is called EXIF in ImageMagick's form, or XMP. False: it is another text.</summary>
    private static bool ReadText(uint type, ReadOnlySpan<byte> chunk, ref int profile, ref int xmp)
    {
        int end = chunk.IndexOf((byte)0);
        if (end < 0)
            return false;
        ReadOnlySpan<byte> keyword = chunk[..end], rest = chunk[(end + 1)..];
        if (type == Itxt && keyword.SequenceEqual("XML:com.adobe.xmp"u8))
            xmp = Orientations.FromXmp(TextOf(type, rest));
        else if (profile == 0
            && (keyword.SequenceEqual("Raw profile type exif"u8) || keyword.SequenceEqual("Raw profile type APP1"u8)))
            profile = Orientations.FromExif(RawProfile(TextOf(type, rest)));
        else
            return false;
        return true;
    }

    /// <summary>The text after a chunk's keyword. Empty where it is broken.</summary>
    private static ReadOnlySpan<byte> TextOf(uint type, ReadOnlySpan<byte> rest)
    {
        if (type == Text)
            return rest;
        // A compressed text has one more byte, the method of compression.
        if (type == Ztxt)
            return rest.IsEmpty ? default : Inflate(rest[1..]);
        // An international one says first whether it is compressed, and names its language and its keyword in that language.
        if (rest.Length < 2)
            return default;
        bool isCompressed = rest[0] == 1;
        rest = rest[2..];
        for (int name = 0; name < 2; name++)
        {
            int end = rest.IndexOf((byte)0);
            if (end < 0)
                return default;
            rest = rest[(end + 1)..];
        }
        return isCompressed ? Inflate(rest) : rest;
    }

    /// <summary>
    /// EXIF in ImageMagick's form: lines with the name, the length and the bytes in hexadecimal digits. Empty where the text is broken.
    /// </summary>
    private static byte[] RawProfile(ReadOnlySpan<byte> text)
    {
        text = text.TrimStart("\n"u8);
        for (int line = 0; line < 2; line++)
            text = text[(text.IndexOf((byte)'\n') + 1)..];
        string digits = Encoding.Latin1.GetString(text).Replace("\n", "", StringComparison.Ordinal).Trim();
        byte[] profile = new byte[digits.Length / 2];
        return Convert.FromHexString(digits.AsSpan(0, profile.Length * 2), profile, out _, out _) == OperationStatus.Done ? profile : [];
    }

    private static ReadOnlySpan<byte> Inflate(ReadOnlySpan<byte> deflated)
    {
        try
        {
            using ZLibStream stream = new(new MemoryStream(deflated.ToArray()), CompressionMode.Decompress);
            byte[] text = new byte[MaxProfile];
            return text.AsSpan(0, stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false));
        }
        catch (Exception failure) when (failure is InvalidDataException or IOException)
        {
            return default;
        }
    }

    internal static int Start(ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];
        if (data.Length < signature.Length)
            throw ImageErrors.Truncated(ImageFormat.Png);
        return data.StartsWith(signature)
            ? signature.Length
            : throw ImageErrors.Corrupt(ImageFormat.Png, "its first bytes were changed, perhaps by a transfer in text mode");
    }

    internal static bool TryChunk(ReadOnlySpan<byte> data, scoped ref int at, out uint type, out ReadOnlySpan<byte> body)
    {
        type = 0;
        body = default;
        if (data.Length - at < 12)
            return false;
        uint length = BinaryPrimitives.ReadUInt32BigEndian(data[at..]);
        if (length > data.Length - at - 12)
            return false;
        type = BinaryPrimitives.ReadUInt32BigEndian(data[(at + 4)..]);
        body = data.Slice(at + 8, (int)length);
        at += 12 + (int)length;
        return true;
    }
}
