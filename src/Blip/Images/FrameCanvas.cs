using System.Runtime.InteropServices;

namespace Blip.Images;

/// <summary>What the frames of an animation are drawn on, one after the other. Transparent at first.</summary>
/// <param name="size">The animation's size, which holds every frame.</param>
internal sealed unsafe class FrameCanvas(ImageHeader size) : IPixelRows, IDisposable
{
    private readonly PixelBuffer _pixels = PixelBuffer.Zeroed(size.Pixels * 4);
    private PixelBuffer? _before;
    private AnimationFrame? _frame;
    private int _row;

    /// <summary>Gets ready for a frame's rows. What the last frame leaves behind is settled first.</summary>
    public void Begin(AnimationFrame frame)
    {
        if (_frame is { Disposal: FrameDisposal.Restore })
            new ReadOnlySpan<byte>(_before!.Pointer, checked((int)(size.Pixels * 4))).CopyTo(Bytes);
        else if (_frame is { Disposal: FrameDisposal.Clear } last)
        {
            for (int y = 0; y < last.Height; y++)
                RowOf(last, y).Clear();
        }
        if (frame.Disposal == FrameDisposal.Restore)
        {
            _before ??= new PixelBuffer(size.Pixels * 4);
            Bytes.CopyTo(new Span<byte>(_before.Pointer, Bytes.Length));
        }
        (_frame, _row) = (frame, 0);
    }

    public void Write(ReadOnlySpan<byte> rgba)
    {
        ReadOnlySpan<uint> pixels = MemoryMarshal.Cast<byte, uint>(rgba);
        for (; !pixels.IsEmpty; pixels = pixels[_frame!.Width..])
        {
            ReadOnlySpan<uint> row = pixels[.._frame!.Width];
            Span<uint> place = RowOf(_frame, _row++);
            if (_frame.IsBlended)
                Blend(row, place);
            else
                row.CopyTo(place);
        }
    }

    /// <summary>Passes on all rows as they are now.</summary>
    public void CopyTo(IPixelRows rows)
    {
        for (int y = 0; y < size.Height; y++)
            rows.Write(MemoryMarshal.AsBytes(Row(y)));
    }

    public void Dispose()
    {
        _pixels.Dispose();
        _before?.Dispose();
    }

    private Span<byte> Bytes => new(_pixels.Pointer, checked((int)(size.Pixels * 4)));

    private Span<uint> Row(int y) => new(_pixels.Pointer + ((long)y * size.Width * 4), size.Width);

    private Span<uint> RowOf(AnimationFrame frame, int y) => Row(frame.Top + y).Slice(frame.Left, frame.Width);

    private static void Blend(ReadOnlySpan<uint> from, Span<uint> to)
    {
        for (int i = 0; i < from.Length; i++)
        {
            uint alpha = from[i] >> 24;
            if (alpha == 255 || to[i] >> 24 == 0)
                to[i] = alpha == 0 ? to[i] : from[i];
            else if (alpha > 0)
                to[i] = Over(from[i], to[i]);
        }
    }

    /// <summary>One colour over another, neither premultiplied.</summary>
    private static uint Over(uint from, uint to)
    {
        double above = (from >> 24) / 255.0, below = (to >> 24) / 255.0 * (1 - above), alpha = above + below;
        uint mixed = (uint)Math.Round(alpha * 255) << 24;
        for (int shift = 0; shift < 24; shift += 8)
            mixed |= (uint)Math.Round(((((from >> shift) & 255) * above) + (((to >> shift) & 255) * below)) / alpha) << shift;
        return mixed;
    }
}
