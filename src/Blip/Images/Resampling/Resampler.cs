using System.Diagnostics;

namespace Blip.Images;

/// <summary>
/// Resizes an image while its rows arrive. The result is equal to Pillow's, byte for byte. Only the rows that the vertical filter needs
/// are in memory. Each of the two passes rounds to 8 bits, so their order changes the result.
/// </summary>
internal sealed unsafe class Resampler : IPixelRows, IDisposable
{
    private readonly int _sourceBytes;
    private readonly int _sourceHeight;
    private readonly int _width;
    private readonly Memory<byte> _target;
    private readonly bool _verticalFirst;
    private readonly ResampleInstructions _allowed;
    private readonly ResampleKernel? _horizontal;
    private readonly ResampleKernel? _vertical;

    // A ring buffer of rows that wait for the vertical pass, a row after the vertical pass, and a row after the horizontal pass.
    private readonly int _stride;
    private readonly PixelBuffer? _ring;
    private readonly PixelBuffer? _blended;
    private readonly PixelBuffer? _line;

    private int _received;
    private int _emitted;
    private long _ticks;

    /// <param name="width">The source width in pixels.</param>
    /// <param name="height">The source height in pixels.</param>
    /// <param name="targetWidth">The target width in pixels.</param>
    /// <param name="targetHeight">The target height in pixels.</param>
    /// <param name="target">Gets the result: uint8 [targetHeight, targetWidth, 3] with red, green and blue.</param>
    /// <param name="mode">Decides the order of the passes.</param>
    /// <param name="allowed">Which instructions may be used. They do not change the result.</param>
    public Resampler(
        int width, int height, int targetWidth, int targetHeight, Memory<byte> target, ResizeMode mode,
        ResampleInstructions allowed = ResampleInstructions.All)
    {
        (_sourceBytes, _sourceHeight, _width, _target, _allowed) = (width * 4, height, targetWidth, target, allowed);
        _verticalFirst = VerticalFirst(width, height, targetWidth, targetHeight, mode);
        if (width != targetWidth)
        {
            _horizontal = new ResampleKernel(width, targetWidth);
            _line = new PixelBuffer(targetWidth * 4L);
        }
        if (height != targetHeight)
        {
            _vertical = new ResampleKernel(height, targetHeight);
            _stride = (((_verticalFirst ? width : targetWidth) * 4) + 63) & ~63;
            _ring = new PixelBuffer((long)_stride * _vertical.Taps);
            _blended = new PixelBuffer(_stride);
        }
    }

    /// <summary>The time of resampling so far.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(0, _ticks);

    /// <summary>Whether all target rows are written.</summary>
    public bool IsComplete => _received == _sourceHeight;

    public void Write(ReadOnlySpan<byte> rgba)
    {
        long begin = Stopwatch.GetTimestamp();
        int rows = rgba.Length / _sourceBytes;
        if (rows * _sourceBytes != rgba.Length || rows > _sourceHeight - _received)
            throw new ArgumentException("The bytes are not whole rows, or there are more rows than the image has.", nameof(rgba));
        fixed (byte* source = rgba)
            for (int row = 0; row < rows; row++)
                Take(source + ((long)row * _sourceBytes));
        _ticks += Stopwatch.GetTimestamp() - begin;
    }

    public void Dispose()
    {
        _ring?.Dispose();
        _blended?.Dispose();
        _line?.Dispose();
    }

    internal static bool VerticalFirst(int width, int height, int targetWidth, int targetHeight, ResizeMode mode)
        => mode == ResizeMode.Pillow && height > targetHeight && height - targetHeight > 2L * (width - targetWidth);

    private void Take(byte* row)
    {
        int received = _received++;
        if (_vertical is null)
        {
            Emit(_horizontal is null ? row : Shrink(row, _line!.Pointer));
            return;
        }

        byte* slot = _ring!.Pointer + ((long)(received % _vertical.Taps) * _stride);
        if (_horizontal is null || _verticalFirst)
            Buffer.MemoryCopy(row, slot, _stride, _sourceBytes);
        else
            Shrink(row, slot);
        while (_emitted < _vertical.Length && _vertical.End(_emitted) <= _received)
        {
            Blend(_emitted);
            Emit(_horizontal is null || !_verticalFirst ? _blended!.Pointer : Shrink(_blended!.Pointer, _line!.Pointer));
        }
    }

    private byte* Shrink(byte* row, byte* line)
    {
        ResamplePasses.Horizontal(_horizontal!, row, line, _allowed);
        return line;
    }

    private void Blend(int target)
    {
        ReadOnlySpan<int> weights = _vertical!.Weights(target);
        int first = _vertical.Start(target) % _vertical.Taps;
        int straight = Math.Min(weights.Length, _vertical.Taps - first);
        fixed (int* weight = weights)
        {
            ResamplePasses.Vertical(
                _ring!.Pointer, first, straight, weights.Length - straight, _stride, weight, _blended!.Pointer, _allowed);
        }
    }

    private void Emit(byte* line)
    {
        Span<byte> target = _target.Span.Slice(_emitted++ * _width * 3, _width * 3);
        for (int from = 0, to = 0; to < target.Length; from += 4, to += 3)
        {
            target[to] = line[from];
            target[to + 1] = line[from + 1];
            target[to + 2] = line[from + 2];
        }
    }
}
