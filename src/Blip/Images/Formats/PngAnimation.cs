using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Blip.Images;

/// <summary>Lists the frames of an animated PNG file (APNG).</summary>
internal static class PngAnimation
{
    // The longest chunk that frames share is a palette of 256 colours.
    private const int MaxShared = 768;

    /// <summary>All frames; none where the file is not an animation. An image that is not part of the animation is left out.</summary>
    public static List<AnimationFrame> Frames(ReadOnlyMemory<byte> file)
    {
        List<AnimationFrame> frames = [];
        ReadOnlySpan<byte> data = file.Span;
        int at = PngFile.Start(data), start = at;
        bool isAnimated = false, hasPixels = false;
        Range header = 0..0, control = 0..0;
        List<Range> shared = [], pixels = [];
        while (PngFile.TryChunk(data, ref at, out uint type, out ReadOnlySpan<byte> body))
        {
            Range chunk = start..at, content = (start + 8)..(at - 4);
            start = at;
            switch (Name(type))
            {
                case "IHDR" when header.Equals(0..0): header = content; break;
                case "acTL": isAnimated = true; break;
                case "fcTL" when body.Length == 26:
                    Add();
                    control = content;
                    break;
                case "IDAT":
                    hasPixels = true;
                    if (!control.Equals(0..0))
                        pixels.Add(content);
                    break;
                // The number of the part stands before its pixels.
                case "fdAT" when body.Length > 4 && !control.Equals(0..0):
                    pixels.Add((content.Start.Value + 4)..content.End);
                    break;
                case "IEND":
                    Add();
                    return isAnimated ? frames : [];
                // Each frame's still has a copy of these. Decoding takes no other, and of each there is one.
                case "PLTE" or "tRNS" when !hasPixels && shared.Count < 2 && body.Length <= MaxShared:
                    shared.Add(chunk);
                    break;
            }
        }
        throw ImageErrors.Truncated(ImageFormat.Png);

        void Add()
        {
            if (pixels.Count > 0)
                Animation.Add(frames, Read(file, header, control, shared, [.. pixels]));
            pixels.Clear();
        }
    }

    private static AnimationFrame Read(ReadOnlyMemory<byte> file, Range header, Range control, List<Range> shared, Range[] pixels)
    {
        ReadOnlySpan<byte> frame = file.Span[control];
        return new AnimationFrame(
            Number(frame[12..]), Number(frame[16..]), Number(frame[4..]), Number(frame[8..]), IsBlended: frame[25] == 1,
            frame[24] switch { 1 => FrameDisposal.Clear, 2 => FrameDisposal.Restore, _ => FrameDisposal.Keep }, Still);

        byte[] Still()
        {
            using MemoryStream still = new();
            still.Write(file.Span[..8]);
            Write(still, "IHDR"u8, [.. file.Span[control][4..12], .. file.Span[header][8..]]);
            foreach (Range chunk in shared)
                still.Write(file.Span[chunk]);
            foreach (Range part in pixels)
                Write(still, "IDAT"u8, file.Span[part]);
            Write(still, "IEND"u8, []);
            return still.ToArray();
        }
    }

    private static void Write(MemoryStream still, ReadOnlySpan<byte> type, ReadOnlySpan<byte> body)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, body.Length);
        still.Write(number);
        int begin = (int)still.Position;
        still.Write(type);
        still.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.HashToUInt32(still.GetBuffer().AsSpan(begin, 4 + body.Length)));
        still.Write(number);
    }

    private static string Name(uint type)
    {
        Span<byte> name = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(name, type);
        return Encoding.Latin1.GetString(name);
    }

    /// <summary>A size or a place; what no image has is as large as a number can be, and so lies outside.</summary>
    private static int Number(ReadOnlySpan<byte> bytes) => (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(bytes), int.MaxValue);
}
