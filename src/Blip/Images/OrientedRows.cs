namespace Blip.Images;

/// <summary>Collects an image and passes it on turned as its orientation (2 to 8) says.</summary>
internal sealed unsafe class OrientedRows : IPixelRows, IDisposable
{
    // A cache line of pixels: tiles of this side are turned at a time, so that what is read of a line is used before it is gone.
    private const int Tile = 16;

    private readonly int _width;
    private readonly int _height;
    private readonly int _orientation;
    private readonly PixelBuffer _image;
    private long _filled;

    public OrientedRows(int width, int height, int orientation)
    {
        (_width, _height, _orientation) = (width, height, orientation);
        _image = new PixelBuffer(width * 4L * height);
    }

    /// <summary>Whether the turned image is as wide as the stored one is high.</summary>
    public static bool Swaps(int orientation) => orientation >= 5;

    public void Write(ReadOnlySpan<byte> rgba)
    {
        if (rgba.Length > (_width * 4L * _height) - _filled)
            throw new ArgumentException("These are more rows than the image has.", nameof(rgba));
        rgba.CopyTo(new Span<byte>(_image.Pointer + _filled, rgba.Length));
        _filled += rgba.Length;
    }

    /// <summary>Hands the turned rows on, once all have come.</summary>
    public void Flush(IPixelRows next)
    {
        if (_filled != _width * 4L * _height)
            return;

        // The stored pixel of (x, y) of the turned image is at origin + x * right + y * down.
        long right = Swaps(_orientation) ? _width : 1, down = Swaps(_orientation) ? 1 : _width, origin = 0;
        (int width, int height) = Swaps(_orientation) ? (_height, _width) : (_width, _height);
        if (_orientation is 2 or 3 or 6 or 7)
            (origin, right) = (origin + ((width - 1) * right), -right);
        if (_orientation is 3 or 4 or 7 or 8)
            (origin, down) = (origin + ((height - 1) * down), -down);

        uint* source = (uint*)_image.Pointer + origin;
        using PixelBuffer strip = new(width * 4L * Tile);
        uint* turned = (uint*)strip.Pointer;
        for (int y = 0; y < height; y += Tile)
        {
            int rows = Math.Min(Tile, height - y);
            for (int left = 0; left < width; left += Tile)
                for (int row = 0; row < rows; row++)
                {
                    uint* from = source + (left * right) + ((y + row) * down);
                    uint* to = turned + ((long)row * width) + left;
                    for (int x = Math.Min(Tile, width - left); x > 0; x--, from += right)
                        *to++ = *from;
                }
            next.Write(new ReadOnlySpan<byte>(turned, rows * width * 4));
        }
    }

    public void Dispose() => _image.Dispose();
}
