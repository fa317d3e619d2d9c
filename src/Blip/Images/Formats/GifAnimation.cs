namespace Blip.Images;

/// <summary>Lists the frames of a GIF file.</summary>
internal static class GifAnimation
{
    private const byte Extension = 0x21, GraphicControl = 0xF9, Frame = 0x2C, Trailer = 0x3B;

    /// <summary>All frames that have pixels. A file need not have its last byte.</summary>
    /// <exception cref="BlipException">The file ends within a frame.</exception>
    public static List<AnimationFrame> Frames(ReadOnlyMemory<byte> file)
    {
        ReadOnlySpan<byte> data = file.Span;
        List<AnimationFrame> frames = [];
        int at = 13;
        GifFile.Palette(data, data[10], ref at);
        Range head = 10..at, control = 0..0;
        while (at < data.Length && data[at] != Trailer)
        {
            byte kind = data[at++];
            if (kind == Extension)
            {
                int start = at - 1;
                bool isControl = at + 1 < data.Length && data[at] == GraphicControl && data[at + 1] >= 4;
                at++;
                GifFile.SkipBlocks(data, ref at);
                if (isControl)
                    control = start..at;
            }
            else if (kind == Frame)
            {
                int start = at;
                if (at + 9 > data.Length)
                    throw ImageErrors.Truncated(ImageFormat.Gif);
                at += 9;
                GifFile.Palette(data, data[at - 1], ref at);
                at++;
                GifFile.SkipBlocks(data, ref at);
                if (Read(file, head, control, start..at) is { } frame)
                    Animation.Add(frames, frame);
                control = 0..0;
            }
        }
        return frames;
    }

    private static AnimationFrame? Read(ReadOnlyMemory<byte> file, Range head, Range control, Range frame)
    {
        ReadOnlySpan<byte> place = file.Span[frame], flags = file.Span[control];
        (int width, int height) = (GifFile.U16(place[4..]), GifFile.U16(place[6..]));
        if (width == 0 || height == 0)
            return null;
        // The flags stand behind the mark, the kind and the length of the extension.
        FrameDisposal disposal = flags.IsEmpty ? FrameDisposal.Keep : ((flags[3] >> 2) & 7) switch
        {
            2 => FrameDisposal.Clear,
            3 => FrameDisposal.Restore,
            _ => FrameDisposal.Keep,
        };
        return new AnimationFrame(GifFile.U16(place), GifFile.U16(place[2..]), width, height, IsBlended: true, disposal, Still);

        byte[] Still()
        {
            ReadOnlySpan<byte> data = file.Span;
            return
            [
                .. "GIF89a"u8, .. data[frame][4..8], .. data[head], .. data[control], Frame, 0, 0, 0, 0, .. data[frame][4..], Trailer,
            ];
        }
    }
}
