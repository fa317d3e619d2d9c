namespace Blip.Scheduling;

/// <summary>
/// Counts the requests under way and waiting, refuses one too many, and knows from the recent past when a place will be free.
/// Thread-safe.
/// </summary>
internal sealed class RequestGate(int maxRequests, TimeProvider time)
{
    /// <summary>How much the newest interval between two finished requests counts in the running mean.</summary>
    private const double Weight = 0.1;

    private readonly Lock _gate = new();
    private int _requests;
    private long _lastFinish;
    private double _secondsPerRequest = 0.5;
    private TaskCompletionSource? _drained;

    public int Count => Volatile.Read(ref _requests);

    /// <exception cref="BlipBusyException">All places are taken.</exception>
    /// <exception cref="ObjectDisposedException">The gate is closed.</exception>
    public void Enter()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_drained is not null, typeof(BlipModel));
            if (_requests >= maxRequests)
                throw new BlipBusyException(TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling(_requests * _secondsPerRequest), 1, 120)));
            if (_requests++ == 0)
                _lastFinish = time.GetTimestamp();
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            // Measured from one finish to the next while there was work: what one request costs, however many run side by side.
            long now = time.GetTimestamp();
            _secondsPerRequest += Weight * (time.GetElapsedTime(_lastFinish, now).TotalSeconds - _secondsPerRequest);
            _lastFinish = now;
            if (--_requests == 0)
                _drained?.SetResult();
        }
    }

    /// <summary>Refuses new requests and waits for those under way. False where it was closed before.</summary>
    public async Task<bool> CloseAsync()
    {
        lock (_gate)
        {
            if (_drained is not null)
                return false;
            _drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_requests == 0)
                _drained.SetResult();
        }
        await _drained.Task.ConfigureAwait(false);
        return true;
    }
}
