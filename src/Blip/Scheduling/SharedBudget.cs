namespace Blip.Scheduling;

/// <summary>
/// Bounds what is in flight: decoded pixels, or bytes. Who does not fit waits in order; one that is larger than the whole budget passes
/// when it is alone. Thread-safe.
/// </summary>
/// <param name="budget">The most in flight.</param>
internal sealed class SharedBudget(long budget)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<(long Wanted, TaskCompletionSource Turn)> _waiting = [];
    private long _inFlight;

    /// <summary>Whether somebody waits for room.</summary>
    public bool IsWaitedFor
    {
        get
        {
            lock (_gate)
                return _waiting.Count > 0;
        }
    }

    public async Task EnterAsync(long wanted, CancellationToken cancellationToken)
    {
        LinkedListNode<(long Wanted, TaskCompletionSource Turn)> node;
        lock (_gate)
        {
            if (_waiting.Count == 0 && Fits(wanted))
            {
                _inFlight += wanted;
                return;
            }
            node = _waiting.AddLast((wanted, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
        }

        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(_ => Abandon(node, cancellationToken), null);
        await node.Value.Turn.Task.ConfigureAwait(false);
    }

    public void Leave(long taken)
    {
        lock (_gate)
        {
            _inFlight -= taken;
            Admit();
        }
    }

    private bool Fits(long wanted) => _inFlight == 0 || _inFlight + wanted <= budget;

    private void Admit()
    {
        while (_waiting.First is { } next && Fits(next.Value.Wanted))
        {
            _waiting.RemoveFirst();
            _inFlight += next.Value.Wanted;
            next.Value.Turn.SetResult();
        }
    }

    private void Abandon(LinkedListNode<(long Wanted, TaskCompletionSource Turn)> node, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (node.List is null)
                return;
            _waiting.Remove(node);
            // A large image that gave up may have stood before small ones that fit.
            Admit();
        }
        node.Value.Turn.SetCanceled(cancellationToken);
    }
}
