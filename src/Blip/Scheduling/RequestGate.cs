namespace Blip.Scheduling;

/// <summary>
/// Counts the requests under way and waiting, refuses one too many, and knows from the recent past when a place will be free. Callers with
/// many questions wait for places instead, and never hold more than half of them. Thread-safe.
/// </summary>
/// <param name="maxRequests">The places.</param>
/// <param name="time">The clock.</param>
/// <param name="owner">What is disposed when the gate is closed: the error names it.</param>
internal sealed class RequestGate(int maxRequests, TimeProvider time, Type owner)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<TaskCompletionSource> _waiting = [];
    private readonly int _maxPatient = Math.Max(1, maxRequests / 2);
    private readonly FinishPace _pace = new(time);
    private int _requests, _patient;
    private TaskCompletionSource? _drained;

    /// <summary>Whether new requests are refused for good.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_gate)
                return _drained is not null;
        }
    }

    /// <exception cref="ObjectDisposedException">The gate is closed.</exception>
    public void ThrowIfClosed() => ObjectDisposedException.ThrowIf(IsClosed, owner);

    /// <exception cref="BlipBusyException">All places are taken.</exception>
    /// <exception cref="ObjectDisposedException">The gate is closed.</exception>
    public void Enter()
    {
        lock (_gate)
        {
            ThrowIfClosed();
            if (_requests >= maxRequests)
                throw new BlipBusyException(_pace.TimeOf(_requests));
            Take();
        }
    }

    /// <summary>Waits for a place that may be waited for, in order.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The gate is closed.</exception>
    public async Task EnterWhenFreeAsync(CancellationToken cancellationToken)
    {
        LinkedListNode<TaskCompletionSource> node;
        lock (_gate)
        {
            ThrowIfClosed();
            if (_waiting.Count == 0 && HasPatientPlace)
            {
                TakePatient();
                return;
            }
            node = _waiting.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(_ => Abandon(node, cancellationToken), null);
        await node.Value.Task.ConfigureAwait(false);
    }

    /// <summary>Releases a place.</summary>
    /// <param name="patient">Whether it was waited for.</param>
    public void Leave(bool patient = false)
    {
        lock (_gate)
        {
            _pace.Finish();
            _requests--;
            if (patient)
                _patient--;
            while (_drained is null && HasPatientPlace && _waiting.First is { } first)
            {
                _waiting.RemoveFirst();
                TakePatient();
                first.Value.SetResult();
            }
            if (_requests == 0)
                _drained?.TrySetResult();
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
            foreach (TaskCompletionSource waiting in _waiting)
                waiting.SetException(new ObjectDisposedException(owner.FullName));
            _waiting.Clear();
            if (_requests == 0)
                _drained.SetResult();
        }
        await _drained.Task.ConfigureAwait(false);
        return true;
    }

    private bool HasPatientPlace => _requests < maxRequests && _patient < _maxPatient;

    private void Take()
    {
        if (_requests++ == 0)
            _pace.Begin();
    }

    private void TakePatient()
    {
        Take();
        _patient++;
    }

    private void Abandon(LinkedListNode<TaskCompletionSource> node, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (node.List is null)
                return;
            _waiting.Remove(node);
        }
        node.Value.SetCanceled(cancellationToken);
    }
}
