using System.Buffers;
using System.IO.MemoryMappedFiles;

namespace Blip.Hosting.Receiving;

/// <summary>
/// The bytes of one body, outside the garbage-collected heap. Who reads them pins them: they go back when the owner has disposed the
/// buffer and nobody pins it, so a decoder that outlives its request reads no foreign memory. Thread-safe but for filling it.
/// </summary>
internal sealed unsafe class BodyBuffer : MemoryManager<byte>
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _bytes;
    private Action<BodyBuffer>? _released;
    private int _references;

    /// <summary>Takes memory from the system, which gives a page when it is first written.</summary>
    /// <param name="capacity">The bytes that it holds.</param>
    public BodyBuffer(int capacity)
    {
        Capacity = capacity;
        _file = MemoryMappedFile.CreateNew(null, capacity);
        _view = _file.CreateViewAccessor();
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _bytes);
    }

    public int Capacity { get; }

    /// <summary>How many bytes its owner may use.</summary>
    public int Size { get; private set; }

    /// <summary>How many bytes have been written.</summary>
    public int Count { get; set; }

    public Memory<byte> Free => Memory[Count..];

    public Memory<byte> Written => Memory[..Count];

    /// <summary>Gives the buffer to an owner.</summary>
    /// <param name="size">How many of its bytes the owner may use.</param>
    /// <param name="released">Is called when the owner has disposed the buffer and nobody reads it.</param>
    public void Lend(int size, Action<BodyBuffer> released) => (Size, _released, _references, Count) = (size, released, 1, 0);

    /// <summary>Returns the memory to the system.</summary>
    public void Unmap()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _references) == 0, this);
        return new Span<byte>(_bytes, Size);
    }

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        for (int held = Volatile.Read(ref _references); ; held = Volatile.Read(ref _references))
        {
            ObjectDisposedException.ThrowIf(held == 0, this);
            if (Interlocked.CompareExchange(ref _references, held + 1, held) == held)
                return new MemoryHandle(_bytes + elementIndex, pinnable: this);
        }
    }

    public override void Unpin() => Release();

    protected override void Dispose(bool disposing) => Release();

    private void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
            _released!(this);
    }
}
