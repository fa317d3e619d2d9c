using System.Buffers.Binary;
using System.Text;

namespace Blip.Images;

/// <summary>Finds the format of a file from its first bytes.</summary>
internal static class ImageSniffer
{
    // Formats that people send but Blip does not read. The error names the format. '?' stands for any byte.
    private static readonly (string Magic, string Name)[] Unsupported =
    [
        ("II*\0", "TIFF"), ("MM\0*", "TIFF"), ("II+\0", "TIFF (BigTIFF)"), ("MM\0+", "TIFF (BigTIFF)"),
        ("\0\0\u0001\0", "ICO (a Windows icon)"), ("\0\0\u0002\0", "CUR (a Windows cursor)"),
        ("%PDF", "PDF"), ("%!PS", "PostScript"), ("8BPS", "PSD (Photoshop)"), ("gimp xcf", "XCF (GIMP)"),
        ("\0\0\0\u000CJXL ", "JPEG XL"), ("\u00FF\n", "JPEG XL"),
        ("\0\0\0\u000CjP  ", "JPEG 2000"), ("\u00FFO\u00FFQ", "JPEG 2000"),
        ("qoif", "QOI"), ("DDS ", "DDS"), ("#?RADIANCE", "Radiance HDR"), ("v/1\u0001", "OpenEXR"), ("SIMPLE  =", "FITS"),
        ("\u00D7\u00CD\u00C6\u009A", "WMF"), ("\u008AMNG", "MNG"), ("\u008BJNG", "JNG"), ("icns", "ICNS (an Apple icon)"), ("FLIF", "FLIF"),
        ("RIFF????AVI ", "AVI video"), ("RIFF????WAVE", "WAVE sound"), ("\u001AE\u00DF\u00A3", "WebM or Matroska video"),
        ("OggS", "Ogg media"), ("ID3", "MP3 sound"), ("PK\u0003\u0004", "A ZIP archive or office document"),
        ("\u001F\u008B", "A gzip archive"), ("7z\u00BC\u00AF", "A 7z archive"), ("Rar!", "A RAR archive"),
    ];

    /// <exception cref="BlipException">The data is empty, is not an image, or has a format that Blip does not read.</exception>
    public static ImageFormat Sniff(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
            throw ImageErrors.Empty();
        if (data is [0xFF, 0xD8] or [0xFF, 0xD8, 0xFF, ..])
            return ImageFormat.Jpeg;
        if (data is [0x89, (byte)'P', (byte)'N', (byte)'G', ..])
            return ImageFormat.Png;
        if (data.StartsWith("GIF87a"u8) || data.StartsWith("GIF89a"u8))
            return ImageFormat.Gif;
        if (Matches(data, "RIFF????WEBP"))
            return ImageFormat.WebP;
        if (BmpFile.Matches(data))
            return ImageFormat.Bmp;
        throw Refusal(data);
    }

    private static BlipException Refusal(ReadOnlySpan<byte> data)
    {
        foreach ((string magic, string name) in Unsupported)
            if (Matches(data, magic))
                return ImageErrors.Unsupported(name);
        if (data.Length >= 12 && data[4..8].SequenceEqual("ftyp"u8))
            return ImageErrors.Unsupported(MediaName(data));
        if (data is [(byte)'P', >= (byte)'1' and <= (byte)'7', (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n', ..])
            return ImageErrors.Unsupported("PPM (Netpbm)");
        return TextName(data) is not { } text ? ImageErrors.NotAnImage("The file")
            : text == "SVG" ? ImageErrors.Unsupported(text)
            : ImageErrors.NotAnImage(text);
    }

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
            first ??= brand is "heic" or "heix" or "heim" or "heis" or "hevc" or "hevx" ? "HEIC"
                : brand == "crx " ? "CR3 (a raw photo)"
                : null;
        }
        return first ?? (data[8..].StartsWith("mif1"u8) || data[8..].StartsWith("msf1"u8) ? "HEIF" : "MP4 or QuickTime video");
    }

    private static string? TextName(ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> start = data[..Math.Min(data.Length, 1024)];
        if (start is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
            return "Text (UTF-16)";
        if (HasControls(start))
            return null;
        string text = Encoding.UTF8.GetString(start);
        return text.Contains('\uFFFD', StringComparison.Ordinal) && start.Length < 1024 ? null
            : text.Contains("<svg", StringComparison.OrdinalIgnoreCase) ? "SVG"
            : text.Contains("<html", StringComparison.OrdinalIgnoreCase)
                || text.Contains("<!doctype html", StringComparison.OrdinalIgnoreCase) ? "An HTML page"
            : text.StartsWith("data:", StringComparison.Ordinal) ? "A data URI (decode its base64 first)"
            : "Text";
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
