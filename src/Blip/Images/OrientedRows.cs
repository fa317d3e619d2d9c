namespace Blip.Images;

/// <summary>
/// Turns an image by its orientation (2 to 8) and passes on the new rows. An image that comes row by row is collected first.
/// </summary>
internal sealed unsafe class OrientedRows : IWholePixels, IDisposable
{
    // The side of a tile: the pixels of one cache line. A tile is small enough that its cache lines stay in the cache until all their
    // pixels are used.
    private const int Tile = 16;

    private readonly int _width;
    private readonly int _height;
    private readonly int _orientation;
    private readonly IPixelRows _next;
    private PixelBuffer? _image;
    private long _filled;

    /// <param name="width">The stored width.</param>
    /// <param name="height">The stored height.</param>
    /// <param name="orientation">2 to 8.</param>
    /// <param name="next">Gets the rows of the turned image. If rows are missing, it gets none.</param>
    public OrientedRows(int width, int height, int orientation, IPixelRows next)
        => (_width, _height, _orientation, _next) = (width, height, orientation, next);

    /// <summary>Whether an orientation swaps width and height.</summary>
    public static bool Swaps(int orientation) => orientation >= 5;

    public void Write(ReadOnlySpan<byte> rgba)
    {
        if (rgba.Length > (_width * 4L * _height) - _filled)
            throw new ArgumentException("There are more rows than the image has.", nameof(rgba));
        _image ??= new PixelBuffer(_width * 4L * _height);
        rgba.CopyTo(new Span<byte>(_image.Pointer + _filled, rgba.Length));
        _filled += rgba.Length;
        if (_filled == _width * 4L * _height)
            WriteWhole(_image.Pointer);
    }

    public void WriteWhole(byte* rgba)
    {
        // Pixel (x, y) of the turned image is stored at origin + x * right + y * down.
        long right = Swaps(_orientation) ? _width : 1, down = Swaps(_orientation) ? 1 : _width, origin = 0;
        (int width, int height) = Swaps(_orientation) ? (_height, _width) : (_width, _height);
        if (_orientation is 2 or 3 or 6 or 7)
            (origin, right) = (origin + ((width - 1) * right), -right);
        if (_orientation is 3 or 4 or 7 or 8)
            (origin, down) = (origin + ((height - 1) * down), -down);

        uint* source = (uint*)rgba + origin;
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
            _next.Write(new ReadOnlySpan<byte>(turned, rows * width * 4));
        }
    }

    public void Dispose() => _image?.Dispose();
}
