namespace Blip.Scheduling;

/// <summary>
/// The slots in which the networks run. Waiters are served in the order in which they came, whether they wait in a task or
/// in a blocked thread. Thread-safe.
/// </summary>
/// <param name="count">How many runs may work at the same time, 1 or more.</param>
internal sealed class RunSlots(int count)
{
    private readonly Lock _gate = new();
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _taken;
    private bool _draining;

    /// <summary>Takes a place in the queue before it returns. The task ends when the caller holds a slot.</summary>
    public Task EnterAsync()
    {
        lock (_gate)
        {
            if (_taken == count)
                return Wait();
            _taken++;
            return Task.CompletedTask;
        }
    }

    /// <summary>Releases a slot.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            if (_waiting.TryDequeue(out TaskCompletionSource? first))
            {
                first.SetResult();
                return;
            }
            _taken--;
            EndDrain();
        }
    }

    /// <summary>
    /// Lets the others go first: the thread that holds a slot gives it to the first waiter, and blocks until it has a slot again. Returns
    /// at once where nobody waits.
    /// </summary>
    public void Yield()
    {
        Task turn;
        lock (_gate)
        {
            if (!_waiting.TryDequeue(out TaskCompletionSource? first))
                return;
            turn = Wait();
            first.SetResult();
        }
        // The thread pool learns of a thread that waits for a task, and starts another one.
        turn.Wait();
    }

    /// <summary>
    /// Takes all slots as soon as they are free and nobody waits, not even in <see cref="Yield"/>. Nobody gets a slot after
    /// that, so the caller first refuses new work.
    /// </summary>
    public Task DrainAsync()
    {
        lock (_gate)
        {
            _draining = true;
            EndDrain();
        }
        return _drained.Task;
    }

    /// <summary>Called under the lock.</summary>
    private Task Wait()
    {
        TaskCompletionSource turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Enqueue(turn);
        return turn.Task;
    }

    /// <summary>Called under the lock.</summary>
    private void EndDrain()
    {
        if (!_draining || _taken > 0)
            return;
        _taken = count;
        _drained.SetResult();
    }
}
