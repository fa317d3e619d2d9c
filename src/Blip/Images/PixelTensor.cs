using System.Buffers;

namespace Blip.Images;

/// <summary>
/// An image as a model sees it: uint8 [<see cref="Height"/>, <see cref="Width"/>, 3], red first, rows from top to bottom, 0 to 255. The pixels
/// are pooled: dispose it once, when nobody reads them any more. Reading is thread-safe.
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

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>The pixels: Height x Width x 3 bytes.</summary>
    /// <exception cref="ObjectDisposedException">After <see cref="Dispose"/>.</exception>
    public ReadOnlyMemory<byte> Memory => Writable;

    /// <summary>The pixels: Height x Width x 3 bytes.</summary>
    /// <exception cref="ObjectDisposedException">After <see cref="Dispose"/>.</exception>
    public ReadOnlySpan<byte> Span => Writable.Span;

    /// <summary>Time spent on reading and decoding.</summary>
    public TimeSpan DecodeTime { get; internal set; }

    /// <summary>Time spent on resampling.</summary>
    public TimeSpan ResizeTime { get; internal set; }

    internal Memory<byte> Writable => (_pixels ?? throw new ObjectDisposedException(nameof(PixelTensor))).AsMemory(0, _length);

    /// <summary>
    /// Writes the floats that the published Python preprocessing makes of the pixels: [3, Height, Width], (value x <paramref name="rescale"/> - mean) / deviation.
    /// </summary>
    /// <param name="destination">3 x Height x Width floats.</param>
    /// <param name="rescale">Usually 1/255.</param>
    /// <param name="mean">Of each channel.</param>
    /// <param name="deviation">Standard deviation of each channel.</param>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    public void CopyPixelValues(Span<float> destination, double rescale, ReadOnlySpan<float> mean, ReadOnlySpan<float> deviation)
    {
        if (destination.Length != _length || mean.Length != 3 || deviation.Length != 3)
            throw new ArgumentException("The destination takes 3 x Height x Width floats; mean and deviation have 3 each.", nameof(destination));
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

    /// <summary>Gives the pixels back. Harmless when repeated.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _pixels, null) is { } pixels)
            ArrayPool<byte>.Shared.Return(pixels);
    }
}
