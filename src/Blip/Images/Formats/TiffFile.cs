using System.Buffers.Binary;

namespace Blip.Images;

/// <summary>Finds in the first directory of a TIFF file what makes it unfit to be read as an image.</summary>
internal static class TiffFile
{
    private const ushort NewSubfileType = 254, Photometric = 262, SamplesPerPixel = 277, SubDirectories = 330, DngVersion = 50706;

    // One colour a pixel, in a pattern, or light as the sensor measured it.
    private const ushort ColourFilter = 32803, LinearRaw = 34892;

    // Cyan, magenta, yellow, black and alpha. A decoder keeps all samples, so a small file with thousands of them takes all memory.
    private const int MaxSamples = 5;

    /// <summary>The name of a photo as the sensor took it, or of a rare kind of TIFF; null: it is a file like others.</summary>
    /// <remarks>The first page of a raw photo is a small preview, or it has pixels without colours.</remarks>
    public static string? UnsupportedName(ReadOnlySpan<byte> data)
    {
        bool little = data[0] == 'I';
        uint directory = data.Length < 8 ? uint.MaxValue : U32(data[4..], little);
        if (directory > data.Length - 2)
            return null;
        (bool isPreview, bool hasMore, bool isRaw) = (false, false, false);
        ReadOnlySpan<byte> entries = data[((int)directory + 2)..];
        for (int count = U16(data[(int)directory..], little); count > 0 && entries.Length >= 12; count--, entries = entries[12..])
            switch (U16(entries, little))
            {
                case DngVersion: return "DNG (a raw photo)";
                case Photometric when U16(entries[8..], little) is ColourFilter or LinearRaw: isRaw = true; break;
                case SamplesPerPixel when U16(entries[8..], little) > MaxSamples:
                    return FormattableString.Invariant($"A TIFF with {U16(entries[8..], little)} samples a pixel");
                case NewSubfileType: isPreview = (U32(entries[8..], little) & 1) != 0; break;
                case SubDirectories: hasMore = true; break;
                default: break;
            }
        return isRaw || (isPreview && hasMore) ? "A raw photo (NEF, ARW, PEF or the like)" : null;
    }

    private static ushort U16(ReadOnlySpan<byte> data, bool little)
        => little ? BinaryPrimitives.ReadUInt16LittleEndian(data) : BinaryPrimitives.ReadUInt16BigEndian(data);

    private static uint U32(ReadOnlySpan<byte> data, bool little)
        => little ? BinaryPrimitives.ReadUInt32LittleEndian(data) : BinaryPrimitives.ReadUInt32BigEndian(data);
}
