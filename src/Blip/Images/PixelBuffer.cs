using System.Runtime.InteropServices;

namespace Blip.Images;

/// <summary>
/// Memory for pixels outside the garbage-collected heap: a whole image may take 200 MB, which goes back to the system at once instead of
/// waiting in a pool.
/// </summary>
internal sealed unsafe class PixelBuffer : IDisposable
{
    // A vector may read and write beyond the last row that counts.
    private const int Slack = 64;

    private static int _live;

    private byte* _pointer;

    public PixelBuffer(long length)
    {
        _pointer = (byte*)NativeMemory.AlignedAlloc((nuint)(length + Slack), 64);
        Interlocked.Increment(ref _live);
    }

    /// <summary>How many are not disposed.</summary>
    public static int Live => Volatile.Read(ref _live);

    public byte* Pointer => _pointer;

    public void Dispose()
    {
        if (_pointer == null)
            return;
        NativeMemory.AlignedFree(_pointer);
        _pointer = null;
        Interlocked.Decrement(ref _live);
    }
}
