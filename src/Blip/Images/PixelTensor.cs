using System.Buffers;

namespace Blip.Images;

/// <summary>
/// The pixels of an image in the size of a model's input: uint8 [<see cref="Height"/>, <see cref="Width"/>, 3] with red, green and blue
/// from 0 to 255, rows from top to bottom. The memory comes from a pool, so dispose the tensor when no code reads it any more. Reading is
/// thread-safe.
/// </summary>
public sealed class PixelTensor : IDisposable
{
    private readonly int _length;
    private byte[]? _pixels;

    internal PixelTensor(int width, int height)
    {
        (Width, Height, _length) = (width, height, width * height * 3);
        _pixels = ArrayPool<byte>.Shared.Rent(_length);
    }

    /// <summary>The width in pixels.</summary>
    public int Width { get; }

    /// <summary>The height in pixels.</summary>
    public int Height { get; }

    /// <summary>The pixels: uint8 [<see cref="Height"/>, <see cref="Width"/>, 3]. Valid until <see cref="Dispose"/>.</summary>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public ReadOnlyMemory<byte> Memory => Writable;

    /// <summary>The pixels: uint8 [<see cref="Height"/>, <see cref="Width"/>, 3]. Valid until <see cref="Dispose"/>.</summary>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public ReadOnlySpan<byte> Span => Writable.Span;

    /// <summary>The time of reading and decoding the image.</summary>
    public TimeSpan DecodeTime { get; internal set; }

    /// <summary>The time of resizing the image.</summary>
    public TimeSpan ResizeTime { get; internal set; }

    internal Memory<byte> Writable => (_pixels ?? throw new ObjectDisposedException(nameof(PixelTensor))).AsMemory(0, _length);

    /// <summary>
    /// Writes the values that the published Python preprocessing computes from the pixels:
    /// (value x <paramref name="rescale"/> - mean) / deviation.
    /// </summary>
    /// <param name="destination">Gets the values: fp32 [3, <see cref="Height"/>, <see cref="Width"/>].</param>
    /// <param name="rescale">The factor for a pixel's value, usually 1/255.</param>
    /// <param name="mean">The mean of each channel, [3].</param>
    /// <param name="deviation">The standard deviation of each channel, [3].</param>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public void CopyPixelValues(Span<float> destination, double rescale, ReadOnlySpan<float> mean, ReadOnlySpan<float> deviation)
    {
        if (destination.Length != _length || mean.Length != 3 || deviation.Length != 3)
        {
            throw new ArgumentException(
                "The destination must have 3 x Height x Width floats; mean and deviation must have 3 each.", nameof(destination));
        }
        ReadOnlySpan<byte> pixels = Span;
        Span<float> values = stackalloc float[256];
        for (int channel = 0; channel < 3; channel++)
        {
            for (int value = 0; value < values.Length; value++)
                values[value] = ((float)(value * rescale) - mean[channel]) / deviation[channel];
            Span<float> plane = destination.Slice(channel * Width * Height, Width * Height);
            for (int i = 0; i < plane.Length; i++)
                plane[i] = values[pixels[(i * 3) + channel]];
        }
    }

    /// <summary>Returns the memory to the pool. A second call does nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _pixels, null) is { } pixels)
            ArrayPool<byte>.Shared.Return(pixels);
    }
}
