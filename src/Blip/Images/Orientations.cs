using System.Buffers.Binary;

namespace Blip.Images;

/// <summary>
/// Reads the orientation that a camera stored. 0 means that there is none, or that it is broken: an image with broken metadata is still
/// a good image.
/// </summary>
internal static class Orientations
{
    private const ushort Tag = 0x0112, Short = 3, Long = 4;

    /// <summary>The orientation from EXIF, else from XMP, else 1. Pillow uses this order, too.</summary>
    public static int Choose(int exif, int xmp) => exif != 0 ? exif : xmp != 0 ? xmp : 1;

    /// <summary>Reads the first directory of a TIFF structure. The six bytes that JPEG has before it may be there or not.</summary>
    public static int FromExif(ReadOnlySpan<byte> exif)
    {
        while (exif.StartsWith("Exif\0\0"u8))
            exif = exif[6..];
        bool little = exif.StartsWith("II*\0"u8);
        if (exif.Length < 8 || (!little && !exif.StartsWith("MM\0*"u8)))
            return 0;
        uint directory = U32(exif[4..], little);
        if (directory > exif.Length - 2)
            return 0;
        int count = U16(exif[(int)directory..], little);
        ReadOnlySpan<byte> entries = exif[((int)directory + 2)..];
        for (; count > 0 && entries.Length >= 12; count--, entries = entries[12..])
            if (U16(entries, little) == Tag)
                return U16(entries[2..], little) switch
                {
                    Short => Valid(U16(entries[8..], little)),
                    Long => Valid(U32(entries[8..], little)),
                    _ => 0,
                };
        return 0;
    }

    /// <summary>Reads <c>tiff:Orientation</c>, which is an attribute or an element.</summary>
    public static int FromXmp(ReadOnlySpan<byte> xmp)
    {
        ReadOnlySpan<byte> name = "tiff:Orientation"u8;
        int at = xmp.IndexOf(name);
        if (at < 0)
            return 0;
        ReadOnlySpan<byte> rest = xmp[(at + name.Length)..];
        int skip = rest.StartsWith("=\""u8) ? 2 : rest.StartsWith(">"u8) ? 1 : rest.Length;
        return skip < rest.Length ? Valid((uint)(rest[skip] - '0')) : 0;
    }

    private static int Valid(uint value) => value is >= 1 and <= 8 ? (int)value : 0;

    private static ushort U16(ReadOnlySpan<byte> data, bool little)
        => little ? BinaryPrimitives.ReadUInt16LittleEndian(data) : BinaryPrimitives.ReadUInt16BigEndian(data);

    private static uint U32(ReadOnlySpan<byte> data, bool little)
        => little ? BinaryPrimitives.ReadUInt32LittleEndian(data) : BinaryPrimitives.ReadUInt32BigEndian(data);
}
