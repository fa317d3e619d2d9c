using System.Runtime.InteropServices;

namespace Blip.Images;

/// <summary>Passes on the rows of a canvas that a smaller image lies on. Around the image the canvas is transparent.</summary>
internal sealed unsafe class PlacedRows : IPixelRows, IDisposable
{
    private readonly IPixelRows _canvas;
    private readonly (int Left, int Width) _place;
    private readonly int _canvasWidth;
    private readonly PixelBuffer _row;
    private int _rowsLeft;

    /// <param name="canvas">Gets the rows of the canvas. Those above the image are passed on at once.</param>
    /// <param name="size">The size of the canvas, which holds the image.</param>
    /// <param name="left">The pixels at the left of the image.</param>
    /// <param name="top">The rows above the image.</param>
    /// <param name="width">The width of the image.</param>
    public PlacedRows(IPixelRows canvas, ImageHeader size, int left, int top, int width)
    {
        (_canvas, _canvasWidth, _rowsLeft, _place) = (canvas, size.Width, size.Height, (left, width));
        _row = new PixelBuffer(_canvasWidth * 4L);
        Row.Clear();
        WriteRows(top);
    }

    private Span<uint> Row => new(_row.Pointer, _canvasWidth);

    public void Write(ReadOnlySpan<byte> rgba)
    {
        ReadOnlySpan<uint> pixels = MemoryMarshal.Cast<byte, uint>(rgba);
        for (; !pixels.IsEmpty; pixels = pixels[_place.Width..])
        {
            pixels[.._place.Width].CopyTo(Row[_place.Left..]);
            WriteRows(1);
        }
    }

    /// <summary>Passes on the rows below the image.</summary>
    public void Finish()
    {
        Row.Clear();
        WriteRows(_rowsLeft);
    }

    public void Dispose() => _row.Dispose();

    private void WriteRows(int count)
    {
        for (; count > 0; count--, _rowsLeft--)
            _canvas.Write(MemoryMarshal.AsBytes(Row));
    }
}
