using System.Buffers.Binary;

namespace Blip.Images;

/// <summary>Reads the blocks of a GIF file up to the end of its first frame. Other frames are not used, so they may be missing.</summary>
internal static class GifFile
{
    private const byte Extension = 0x21, GraphicControl = 0xF9, Frame = 0x2C, Trailer = 0x3B;

    public static ImageHeader ReadHeader(ReadOnlySpan<byte> data)
    {
        GifFrame frame = FirstFrame(data);
        return new ImageHeader(ImageFormat.Gif, frame.CanvasWidth, frame.CanvasHeight) { Matte = frame.Matte };
    }

    public static void CheckComplete(ReadOnlySpan<byte> data)
    {
        GifFrame frame = FirstFrame(data);
        if (frame.Width == 0 || frame.Height == 0)
            throw ImageErrors.Corrupt(ImageFormat.Gif, "its first frame has no pixels");
        int at = frame.CodesAt + 1;
        SkipBlocks(data, ref at);
    }

    /// <summary>Finds the first frame. Its codes may be missing.</summary>
    public static GifFrame FirstFrame(ReadOnlySpan<byte> data)
    {
        if (data.Length < 13)
            throw ImageErrors.Truncated(ImageFormat.Gif);
        int at = 13;
        ReadOnlySpan<byte> palette = Palette(data, data[10], ref at);
        int transparent = ToFirstFrame(data, ref at);
        ReadOnlySpan<byte> frame = data.Slice(at, 9);
        at += 9;
        ReadOnlySpan<byte> own = Palette(data, frame[8], ref at);
        return new GifFrame(data[6..], frame, own.IsEmpty ? palette : own, transparent, at);
    }

    /// <summary>
    /// Moves <paramref name="at"/> to the nine bytes that describe the first frame. Returns the index of its transparent colour, or -1.
    /// Other bytes between the blocks are skipped, as the version of 1987 says.
    /// </summary>
    internal static int ToFirstFrame(ReadOnlySpan<byte> data, ref int at)
    {
        int transparent = -1;
        while (true)
        {
            if (at >= data.Length || (data[at] != Trailer && at + 10 > data.Length))
                throw ImageErrors.Truncated(ImageFormat.Gif);
            byte kind = data[at++];
            if (kind == Frame)
                return transparent;
            if (kind == Trailer)
                throw ImageErrors.Corrupt(ImageFormat.Gif, "it has no frame");
            if (kind != Extension)
                continue;
            if (data[at++] == GraphicControl && data[at] >= 4 && (data[at + 1] & 1) != 0)
                transparent = data[at + 4];
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

    internal static ReadOnlySpan<byte> Palette(ReadOnlySpan<byte> data, byte flags, scoped ref int at)
    {
        if ((flags & 0x80) == 0)
            return default;
        int length = 3 << ((flags & 7) + 1);
        if (at + length > data.Length)
            throw ImageErrors.Truncated(ImageFormat.Gif);
        at += length;
        return data.Slice(at - length, length);
    }

    internal static int U16(ReadOnlySpan<byte> data) => BinaryPrimitives.ReadUInt16LittleEndian(data);
}
