using System.Runtime.InteropServices;

namespace Blip.Images;

/// <summary>
/// Memory for pixels outside the garbage-collected heap. A whole image may need 200 MB. This memory goes back to the system at once; it
/// does not wait in a pool.
/// </summary>
internal sealed unsafe class PixelBuffer : IDisposable
{
    // Vector instructions may read and write behind the last pixel.
    private const int Slack = 64;

    private static int _live;

    private byte* _pointer;

    public PixelBuffer(long length)
    {
        _pointer = (byte*)NativeMemory.AlignedAlloc((nuint)(length + Slack), 64);
        Interlocked.Increment(ref _live);
    }

    /// <summary>Memory that is all zero.</summary>
    public static PixelBuffer Zeroed(long length)
    {
        PixelBuffer buffer = new(length);
        NativeMemory.Clear(buffer.Pointer, (nuint)length);
        return buffer;
    }

    /// <summary>The number of buffers in the process that are not disposed.</summary>
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
