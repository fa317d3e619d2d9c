using System.Numerics;
using Blip.Runtime;

namespace Blip.Hosting.Receiving;

/// <summary>
/// Keeps a few buffers for the next bodies, and gives all memory back to the system when none came for a while. Thread-safe.
/// </summary>
internal sealed class BodyPool(TimeProvider time) : IDisposable
{
    private const int Least = 64 << 10;
    private const int MostKept = 16 << 20;

    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<int, Stack<BodyBuffer>> _kept = [];
    private long _keptBytes;
    private ITimer? _timer;
    private bool _disposed;

    /// <summary>Is called when bodies came, and then none for a while.</summary>
    public Action? OnQuiet { get; set; }

    public BodyBuffer Take(int bytes)
    {
        // What is too large to be kept has no need of a common size.
        int capacity = bytes > MostKept ? bytes : (int)Math.Max(Least, BitOperations.RoundUpToPowerOf2((uint)bytes));
        lock (_gate)
        {
            if (_kept.TryGetValue(capacity, out Stack<BodyBuffer>? buffers) && buffers.TryPop(out BodyBuffer? kept))
            {
                _keptBytes -= capacity;
                return kept;
            }
        }
        return new BodyBuffer(capacity);
    }

    public void Return(BodyBuffer buffer)
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                _timer ??= time.CreateTimer(_ => EndBurst(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _timer.Change(Quiet, Timeout.InfiniteTimeSpan);
                if (_keptBytes + buffer.Capacity <= MostKept)
                {
                    if (!_kept.TryGetValue(buffer.Capacity, out Stack<BodyBuffer>? buffers))
                        _kept.Add(buffer.Capacity, buffers = []);
                    buffers.Push(buffer);
                    _keptBytes += buffer.Capacity;
                    return;
                }
            }
        }
        buffer.Unmap();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _timer?.Dispose();
        }
        Clear();
    }

    private void EndBurst()
    {
        Clear();
        OnQuiet?.Invoke();
        // Nor does the C library need what the decoders have freed, and the collector just now.
        NativeHeap.Trim();
    }

    private void Clear()
    {
        lock (_gate)
        {
            foreach (BodyBuffer buffer in _kept.Values.SelectMany(buffers => buffers))
                buffer.Unmap();
            _kept.Clear();
            _keptBytes = 0;
        }
    }
}
