using System.Buffers.Binary;
using Blip.Images;

namespace Blip.ImageSharp.Checks;

/// <summary>
/// Accepts GIF files whose first frame covers the canvas. Its codes are counted against its pixels. ImageSharp gets a new file:
/// that frame alone, with a palette that has a colour for every index.
/// </summary>
internal static unsafe class GifCheck
{
    public static MemoryStream Plain(ReadOnlySpan<byte> data)
    {
        int at = 13;
        ReadOnlySpan<byte> palette = GifFile.Palette(data, data[10], ref at);
        int transparent = GifFile.ToFirstFrame(data, ref at);
        ReadOnlySpan<byte> frame = data.Slice(at, 9);
        at += 9;
        ReadOnlySpan<byte> own = GifFile.Palette(data, frame[8], ref at);
        if (!own.IsEmpty)
            palette = own;
        (int left, int top, int width, int height) = (U16(frame), U16(frame[2..]), U16(frame[4..]), U16(frame[6..]));
        if (at >= data.Length)
            throw ImageErrors.Truncated(ImageFormat.Gif);
        int minimum = data[at++];
        if (minimum is < 2 or > 11)
            throw ImageErrors.Corrupt(ImageFormat.Gif, "its codes have a length that no GIF has");
        int start = at;
        GifFile.SkipBlocks(data, ref at);
        using PixelBuffer indices = new((long)width * height);
        if (!GifCodes.Expand(data[start..at], minimum, new Span<byte>(indices.Pointer, width * height)))
            throw ImageErrors.Corrupt(ImageFormat.Gif, "the end of its pixels is missing, or a code is wrong");

        if (minimum > 8)
            throw Refusal.Of("A GIF with codes for more than 256 colours");
        if (palette.IsEmpty)
            throw Refusal.Of("A GIF without a palette");
        if (left != 0 || top != 0 || width < U16(data[6..]) || height < U16(data[8..]))
            throw Refusal.Of("A GIF whose first frame does not cover its canvas");

        MemoryStream plain = new(at - start + 1024);
        plain.Write("GIF89a"u8);
        plain.Write([.. frame[4..8], 0, 0, 0]);
        if (transparent >= 0)
            plain.Write([0x21, 0xF9, 4, 1, 0, 0, (byte)transparent, 0]);
        plain.Write([0x2C, 0, 0, 0, 0, .. frame[4..8], (byte)((frame[8] & 0x40) | 0x87)]);
        Span<byte> colours = stackalloc byte[768];
        colours.Clear();
        palette.CopyTo(colours);
        plain.Write(colours);
        plain.WriteByte((byte)minimum);
        plain.Write(data[start..at]);
        plain.WriteByte(0x3B);
        plain.Position = 0;
        return plain;
    }

    private static int U16(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadUInt16LittleEndian(data);
}
