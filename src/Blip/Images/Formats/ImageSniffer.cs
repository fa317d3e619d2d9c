using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Blip.Images;

/// <summary>Finds the format of a file from its first bytes.</summary>
internal static class ImageSniffer
{
    // Formats that people send but Blip does not read itself. The error names the format. '?' stands for any byte.
    private static readonly (string Magic, string Name)[] Unsupported =
    [
        ("II*\0????CR\u0002", "CR2 (a raw photo)"), ("IIU\0", "RW2 (a raw photo)"), ("IIRO", "ORF (a raw photo)"),
        ("IIRS", "ORF (a raw photo)"), ("MMOR", "ORF (a raw photo)"), ("FUJIFILMCCD-RAW", "RAF (a raw photo)"),
        ("IIII", "IIQ (a raw photo)"), ("\0MRM", "MRW (a raw photo)"), ("FOVb", "X3F (a raw photo)"),
        ("II\u001A\0\0\0HEAPCCDR", "CRW (a raw photo)"), ("II\u00BC", "JPEG XR"),
        ("II*\0", "TIFF"), ("MM\0*", "TIFF"), ("II+\0", "TIFF (BigTIFF)"), ("MM\0+", "TIFF (BigTIFF)"),
        ("%!PS", "PostScript"), ("8BPS", "PSD (Photoshop)"), ("gimp xcf", "XCF (GIMP)"),
        ("\0\0\0\u000CJXL ", "JPEG XL"), ("\u00FF\n", "JPEG XL"),
        ("\0\0\0\u000CjP  ", "JPEG 2000"), ("\u00FFO\u00FFQ", "JPEG 2000"),
        ("\u00FF\u00D8\u00FF\u00F7", "JPEG-LS"), ("\0\0\0\u000CJXS ", "JPEG XS"),
        ("qoif", "QOI"), ("DDS ", "DDS"), ("#?RADIANCE", "Radiance HDR"), ("#?RGBE", "Radiance HDR"),
        ("v/1\u0001", "OpenEXR"), ("SIMPLE  =", "FITS"),
        ("\u00D7\u00CD\u00C6\u009A", "WMF"), ("\u008AMNG", "MNG"), ("\u008BJNG", "JNG"), ("icns", "ICNS (an Apple icon)"), ("FLIF", "FLIF"),
        ("BPG\u00FB", "BPG"), ("AT&TFORM", "DjVu"), ("FORM????ILBM", "ILBM (an Amiga image)"), ("FORM????PBM ", "ILBM (an Amiga image)"),
        ("\u003A\u00DE\u0068\u00B1", "DCX"), ("\u00C5\u00D0\u00D3\u00C6", "PostScript (EPS)"), ("/* XPM */", "XPM"),
        ("\u0001\u00DA\0", "SGI"), ("\u0001\u00DA\u0001", "SGI"), ("\u0059\u00A6\u006A\u0095", "Sun Raster"), ("farbfeld", "Farbfeld"),
        ("BA????????????BM", "An array of OS/2 bitmaps"), ("BA????????????CI", "An array of OS/2 icons"),
        ("RIFF????AVI ", "AVI video"), ("RIFF????WAVE", "WAVE sound"), ("\u001AE\u00DF\u00A3", "WebM or Matroska video"),
        ("\0\0\u0001\u00BA", "MPEG video"), ("\0\0\u0001\u00B3", "MPEG video"),
        ("RIFF????ACON", "ANI (an animated Windows cursor)"), ("\u00ABKTX ", "KTX (a texture)"),
        ("PF\n", "PFM (Netpbm)"), ("Pf\n", "PFM (Netpbm)"),
        ("FLV\u0001", "FLV video"), ("0&\u00B2u\u008Ef\u00CF\u0011", "WMV or WMA media (ASF)"),
        ("(\u00B5/\u00FD", "A zstd archive"), ("\u00FD7zXZ\0", "An xz archive"),
        ("OggS", "Ogg media"), ("ID3", "MP3 sound"), ("PK\u0003\u0004", "A ZIP archive or office document"),
        ("\u001F\u008B", "A gzip archive"), ("7z\u00BC\u00AF", "A 7z archive"), ("Rar!", "A RAR archive"),
    ];

    // Comments and a document type may stand before an SVG's first element.
    private const int MaxProlog = 1024 * 1024;

    private static readonly SearchValues<char> AfterName = SearchValues.Create(" \t\r\n/>");

    /// <returns>A format that Blip reads, or one that some decoders read.</returns>
    /// <exception cref="BlipException">The data is empty, is not an image, or has another format.</exception>
    public static ImageFormat Sniff(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
            throw ImageErrors.Empty();
        if (data is [0xFF, 0xD8] or [0xFF, 0xD8, 0xFF] or [0xFF, 0xD8, 0xFF, not 0xF7, ..])
            return ImageFormat.Jpeg;
        if (data is [0x89, (byte)'P', (byte)'N', (byte)'G', ..])
            return ImageFormat.Png;
        if (data.StartsWith("GIF87a"u8) || data.StartsWith("GIF89a"u8))
            return ImageFormat.Gif;
        if (Matches(data, "RIFF????WEBP"))
            return ImageFormat.WebP;
        if (BmpFile.Matches(data))
            return ImageFormat.Bmp;
        return NameOf(data) switch
        {
            "HEIC" => ImageFormat.Heic,
            "AVIF" => ImageFormat.Avif,
            "JPEG XL" => ImageFormat.JpegXl,
            "TIFF" => TiffFile.UnsupportedName(data) is { } other ? throw ImageErrors.Unsupported(other) : ImageFormat.Tiff,
            { } name when IsVideo(name) => throw ImageErrors.Video(name),
            { } name => throw ImageErrors.Unsupported(name),
            null => throw ImageErrors.NotAnImage(TextName(data) ?? "The file"),
        };
    }

    /// <summary>The name of an image or of another known file that is not text; null: none is known.</summary>
    private static string? NameOf(ReadOnlySpan<byte> data)
    {
        foreach ((string magic, string name) in Unsupported)
            if (Matches(data, magic))
                return name;
        if (data.Length >= 132 && data[128..132].SequenceEqual("DICM"u8))
            return "DICOM";
        if (IsOldQuickTime(data))
            return "MP4 or QuickTime video";
        if (IsTransportStream(data))
            return "MPEG video (a transport stream)";
        // An icon has at least one image. The plainest TGA begins like a cursor that has none.
        if (data is [0, 0, 1 or 2, 0, > 0, 0, ..])
            return data[2] == 1 ? "ICO (a Windows icon)" : "CUR (a Windows cursor)";
        if (IsTga(data))
            return "TGA";
        if (data is [0x0A, <= 5, 0 or 1, 1 or 2 or 4 or 8, ..])
            return "PCX";
        if (data is [1, 0, 0, 0, ..] && data.Length >= 44 && data[40..44].SequenceEqual(" EMF"u8))
            return "EMF";
        if (data is [40, 0, 0, 0, _, _, _, _, _, _, _, _, 1, 0, 1 or 4 or 8 or 16 or 24 or 32, 0, ..])
            return "DIB (a BMP without its file header)";
        // PDF readers look for the mark in the first kilobyte.
        if (data[..Math.Min(data.Length, 1024)].IndexOf("%PDF-"u8) >= 0)
            return "PDF";
        if (data.Length >= 12 && data[4..8].SequenceEqual("ftyp"u8))
            return MediaName(data);
        if (data is [(byte)'P', >= (byte)'1' and <= (byte)'7', (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n', ..])
            return "PPM (Netpbm)";
        if (IsXbm(data))
            return "XBM";
        return TextName(data) == "SVG" ? "SVG" : null;
    }

    private static bool IsVideo(string name) =>
        name.Contains("video", StringComparison.Ordinal) || name.Contains("media", StringComparison.Ordinal);

    // An ISO media file lists its major brand and then the compatible brands. The first known brand decides.
    private static string MediaName(ReadOnlySpan<byte> data)
    {
        int end = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(data), (uint)Math.Min(data.Length, 256));
        string? first = null;
        for (int at = 8; at + 4 <= end; at += at == 8 ? 8 : 4)
        {
            string brand = Encoding.Latin1.GetString(data.Slice(at, 4));
            if (brand is "avif" or "avis")
                return "AVIF";
            first ??= brand is "heic" or "heix" or "heim" or "heis" or "hevc" or "hevx" or "hevm" or "hevs" ? "HEIC"
                : brand == "crx " ? "CR3 (a raw photo)"
                : brand == "jxl " ? "JPEG XL"
                : brand is "jp2 " or "jpx " or "jpm " or "jph " ? "JPEG 2000"
                : null;
        }
        return first ?? (Encoding.Latin1.GetString(data.Slice(8, 4)) is "mif1" or "msf1" or "miaf" or "vvic" or "j2ki" or "evbf"
            ? "HEIF" : "MP4 or QuickTime video");
    }

    // The first files of QuickTime do not name their kind. Each part has its length before its name, which no text has.
    private static bool IsOldQuickTime(ReadOnlySpan<byte> data) => data.Length >= 8 && data[0] < (byte)'\t'
        && (data[4..8].SequenceEqual("moov"u8) || data[4..8].SequenceEqual("mdat"u8) || data[4..8].SequenceEqual("wide"u8)
            || data[4..8].SequenceEqual("free"u8));

    // Each packet begins with a G and has 188 bytes.
    private static bool IsTransportStream(ReadOnlySpan<byte> data) => data.Length > 2 * 188
        && data[0] == (byte)'G' && data[188] == (byte)'G' && data[2 * 188] == (byte)'G' && HasControls(data[..188]);

    private static bool IsXbm(ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> start = data[..Math.Min(data.Length, 512)];
        return start.StartsWith("#define "u8) && start.IndexOf("_width"u8) is > 0 and int width && start[width..].IndexOf("_height"u8) > 0;
    }

    /// <summary>A TGA file has no mark at its start: its header must make sense, or version 2's mark is at its end.</summary>
    private static bool IsTga(ReadOnlySpan<byte> data)
    {
        if (data.Length < 18)
            return false;
        // Types 1 and 9 have a palette.
        bool makesSense = (data[2] is 1 or 9 ? data[1] == 1 : data[1] <= 1) && data[2] is 1 or 2 or 3 or 9 or 10 or 11
            && data[16] is 8 or 15 or 16 or 24 or 32
            && BinaryPrimitives.ReadUInt16LittleEndian(data[12..]) > 0 && BinaryPrimitives.ReadUInt16LittleEndian(data[14..]) > 0;
        return makesSense || data[^18..].SequenceEqual("TRUEVISION-XFILE.\0"u8);
    }

    private static string? TextName(ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> start = data[..Math.Min(data.Length, MaxProlog)];
        Encoding? wide = start is [0xFF, 0xFE, 0, 0, ..] or [(byte)'<', 0, 0, 0, ..] ? Encoding.UTF32
            : start is [0xFF, 0xFE, ..] or [(byte)'<', 0, ..] ? Encoding.Unicode
            : start is [0xFE, 0xFF, ..] or [0, (byte)'<', ..] ? Encoding.BigEndianUnicode
            : null;
        if (wide is null && HasControls(start[..Math.Min(start.Length, 1024)]))
            return null;
        // The names of elements are ASCII, whatever the encoding of the rest.
        string text = (wide ?? Encoding.Latin1).GetString(start);
        return RootElement(text) switch
        {
            "svg" => "SVG",
            "html" => "An HTML page",
            _ when text.Contains("<html", StringComparison.OrdinalIgnoreCase) => "An HTML page",
            _ when text.StartsWith("data:", StringComparison.OrdinalIgnoreCase) => "A data URI (decode its base64 first)",
            _ when wide is not null => "Text (UTF-16)",
            _ => data.Length >= 1024 || Utf8.IsValid(start) ? "Text" : null,
        };
    }

    /// <summary>The name of a document's first element, in lower case and without a prefix; empty: there is none.</summary>
    private static string RootElement(string text)
    {
        ReadOnlySpan<char> rest = text.AsSpan();
        while (rest.IndexOf('<') is >= 0 and int at)
        {
            rest = rest[at..];
            if (rest.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase))
                return "html";
            string end = rest.StartsWith("<!--") ? "-->" : rest.StartsWith("<?") ? "?>" : ">";
            if (!rest.StartsWith("<!") && !rest.StartsWith("<?"))
            {
                ReadOnlySpan<char> name = rest[1..Math.Min(rest.Length, 128)];
                name = name[..(name.IndexOfAny(AfterName) is >= 0 and int length ? length : name.Length)];
                return name[(name.LastIndexOf(':') + 1)..].ToString().ToLowerInvariant();
            }
            // A document type may have declarations of its own, in brackets.
            int declarations = end == ">" ? rest[..(rest.IndexOf('>') + 1)].IndexOf('[') : -1;
            if (declarations >= 0 && rest.IndexOf("]") is > 0 and int closed)
                rest = rest[closed..];
            int after = rest.IndexOf(end);
            rest = after < 0 ? default : rest[(after + end.Length)..];
        }
        return "";
    }

    private static bool HasControls(ReadOnlySpan<byte> data)
    {
        foreach (byte b in data)
            if (b < 0x20 && b is not ((byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\f'))
                return true;
        return false;
    }

    private static bool Matches(ReadOnlySpan<byte> data, string magic)
    {
        if (data.Length < magic.Length)
            return false;
        for (int i = 0; i < magic.Length; i++)
            if (magic[i] != '?' && magic[i] != data[i])
                return false;
        return true;
    }
}
