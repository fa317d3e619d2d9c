using System.Buffers.Binary;

namespace Blip.Images;

/// <summary>Reads the blocks of a GIF file up to the end of its first frame. Other frames are not used, so they may be missing.</summary>
internal static class GifFile
{
    private const byte Extension = 0x21, GraphicControl = 0xF9, Frame = 0x2C;

    public static ImageHeader ReadHeader(ReadOnlySpan<byte> data)
    {
        if (data.Length < 13)
            throw ImageErrors.Truncated(ImageFormat.Gif);
        int at = 13;
        ReadOnlySpan<byte> palette = Palette(data, data[10], ref at);
        int transparent = ToFirstFrame(data, ref at);
        ReadOnlySpan<byte> frame = data.Slice(at, 9);
        at += 9;
        ReadOnlySpan<byte> own = Palette(data, frame[8], ref at);

        // If the first frame is larger than the canvas, the canvas gets larger.
        int width = Math.Max(U16(data[6..]), U16(frame) + U16(frame[4..]));
        int height = Math.Max(U16(data[8..]), U16(frame[2..]) + U16(frame[6..]));
        uint matte = Colour(own.IsEmpty ? palette : own, Math.Max(0, transparent));
        return new ImageHeader(ImageFormat.Gif, width, height) { Matte = matte };
    }

    public static void CheckComplete(ReadOnlySpan<byte> data)
    {
        int at = 13;
        Palette(data, data[10], ref at);
        ToFirstFrame(data, ref at);
        at += 9;
        Palette(data, data[at - 1], ref at);
        at++;
        SkipBlocks(data, ref at);
    }

    /// <summary>
    /// Moves <paramref name="at"/> to the nine bytes that describe the first frame. Returns the index of its transparent colour, or -1.
    /// </summary>
    internal static int ToFirstFrame(ReadOnlySpan<byte> data, ref int at)
    {
        int transparent = -1;
        while (true)
        {
            if (at + 10 > data.Length)
                throw ImageErrors.Truncated(ImageFormat.Gif);
            byte kind = data[at++];
            if (kind == Frame)
                return transparent;
            if (kind != Extension)
                throw ImageErrors.Corrupt(ImageFormat.Gif, "it has no frame");
            if (data[at++] == GraphicControl && data[at] == 4)
                transparent = (data[at + 1] & 1) != 0 ? data[at + 4] : -1;
            SkipBlocks(data, ref at);
        }
    }

    internal static void SkipBlocks(ReadOnlySpan<byte> data, ref int at)
    {
        int length;
        do
        {
            if (at >= data.Length)
                throw ImageErrors.Truncated(ImageFormat.Gif);
            length = data[at];
            at += 1 + length;
        }
        while (length != 0);
    }

    internal static ReadOnlySpan<byte> Palette(ReadOnlySpan<byte> data, byte flags, ref int at)
    {
        if ((flags & 0x80) == 0)
            return default;
        int length = 3 << ((flags & 7) + 1);
        if (at + length > data.Length)
            throw ImageErrors.Truncated(ImageFormat.Gif);
        at += length;
        return data.Slice(at - length, length);
    }

    private static uint Colour(ReadOnlySpan<byte> palette, int index)
    {
        Span<byte> rgba = [0, 0, 0, 255];
        if (3 * index < palette.Length)
            palette.Slice(3 * index, 3).CopyTo(rgba);
        return BitConverter.ToUInt32(rgba);
    }

    private static int U16(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadUInt16LittleEndian(data);
}
