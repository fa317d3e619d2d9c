using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Blip.Runtime;

/// <summary>How fast the processors read memory: the bound of a pass that reads every weight for few rows.</summary>
internal sealed unsafe class MemoryPeak : IDisposable
{
    // More than the caches of a machine hold.
    private const int Bytes = 1 << 29;

    private readonly byte* _data = (byte*)NativeMemory.AlignedAlloc(Bytes, 4096);
    private readonly int _threads;

    /// <param name="threads">Threads that read; 0 takes one for each processor.</param>
    public MemoryPeak(int threads)
    {
        _threads = threads == 0 ? Environment.ProcessorCount : threads;
        // Pages that were never written are one and the same.
        new Span<byte>(_data, Bytes).Fill(1);
    }

    /// <summary>Billions of bytes a second, of one reading.</summary>
    public double Measure()
    {
        long part = Bytes / _threads / 4096 * 4096, start = Stopwatch.GetTimestamp();
        Parallel.For(0, _threads, new ParallelOptions { MaxDegreeOfParallelism = _threads }, thread => Read(_data + (thread * part), part));
        return 1e-9 * part * _threads / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose() => NativeMemory.AlignedFree(_data);

    private static void Read(byte* data, long bytes)
    {
        Vector<long> a = default, b = default, c = default, d = default;
        int step = Vector<byte>.Count;
        for (byte* end = data + bytes; data < end; data += 4 * step)
        {
            a += Vector.Load((long*)data);
            b += Vector.Load((long*)(data + step));
            c += Vector.Load((long*)(data + (2 * step)));
            d += Vector.Load((long*)(data + (3 * step)));
        }
        // The sum is used: the compiler would remove reads without use.
        if (Vector.Sum(a + b + c + d) == 0)
            throw new UnreachableException();
    }
}
