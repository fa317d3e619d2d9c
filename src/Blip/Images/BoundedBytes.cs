namespace Blip.Images;

/// <summary>Collects the bytes of a stream of unknown length. It stops with an error when there are more than the limit.</summary>
internal sealed class BoundedBytes
{
    private const int FirstGuess = 64 * 1024;

    private readonly ImageLimits _limits;
    private byte[] _bytes;
    private int _count;

    public BoundedBytes(Stream source, ImageLimits? limits)
    {
        _limits = limits ?? ImageLimits.Default;
        long expected = source.CanSeek ? source.Length - source.Position : 0;
        _limits.CheckBytes(expected);

        // One byte more than expected, because the read that finds the end of the stream also needs a buffer.
        _bytes = new byte[expected > 0 ? Math.Min(expected + 1, Array.MaxLength) : FirstGuess];
    }

    /// <summary>The free part of the buffer, for the next bytes. It is never empty.</summary>
    public Memory<byte> Free
    {
        get
        {
            if (_count == _bytes.Length)
                Array.Resize(ref _bytes, (int)Math.Min(_bytes.Length * 2L, Array.MaxLength));
            return _bytes.AsMemory(_count);
        }
    }

    public void Add(int count) => _limits.CheckBytes(_count += count);

    public ReadOnlyMemory<byte> Taken() => _bytes.AsMemory(0, _count);
}
