using Blip.Scheduling;

namespace Blip.Hosting;

/// <summary>
/// Lets the requests of all callers take turns: one that sends a hundred at once does not keep another's single one waiting behind them.
/// Thread-safe.
/// </summary>
/// <param name="places">How many requests are under way at once. In these the model's own queue finds what it can run together.</param>
/// <param name="waiting">How many more may wait. When all places to wait are taken, the caller with the most of them gives one up.</param>
/// <param name="time">The clock.</param>
internal sealed class CallerTurns(int places, int waiting, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedList<TaskCompletionSource>> _queues = new(StringComparer.Ordinal);

    /// <summary>The callers that wait, in the order of their turns.</summary>
    private readonly LinkedList<string> _ring = [];

    private readonly FinishPace _pace = new(time);
    private int _underWay, _waiting;

    /// <summary>Waits for the caller's turn.</summary>
    /// <param name="caller">Who asks: a key or an address.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The turn, which ends when it is disposed.</returns>
    /// <exception cref="BlipBusyException">Too many requests wait, and none of another caller with more of them.</exception>
    public async ValueTask<IDisposable> EnterAsync(string caller, CancellationToken cancellationToken)
    {
        TaskCompletionSource turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_underWay < places)
            {
                // Nobody waits while there is a place.
                if (_underWay++ == 0)
                    _pace.Begin();
                return new Turn(this);
            }
            if (_waiting >= waiting)
                MakeRoom(caller);
            Enqueue(caller, turn);
        }
        using (cancellationToken.UnsafeRegister(_ => Abandon(caller, turn, cancellationToken), null))
            await turn.Task.ConfigureAwait(false);
        return new Turn(this);
    }

    private void Enqueue(string caller, TaskCompletionSource turn)
    {
        if (!_queues.TryGetValue(caller, out LinkedList<TaskCompletionSource>? queue))
        {
            _queues.Add(caller, queue = []);
            _ring.AddLast(caller);
        }
        queue.AddLast(turn);
        _waiting++;
    }

    /// <summary>The last request of the caller with the most of them is refused, if that is not the one who asks.</summary>
    private void MakeRoom(string caller)
    {
        (string? heaviest, LinkedList<TaskCompletionSource>? queue) = _queues.MaxBy(q => q.Value.Count);
        int own = _queues.TryGetValue(caller, out LinkedList<TaskCompletionSource>? mine) ? mine.Count : 0;
        if (queue is null || queue.Count <= own + 1)
            throw new BlipBusyException(_pace.TimeOf(places + waiting));
        TaskCompletionSource refused = queue.Last!.Value;
        Remove(heaviest!, refused);
        refused.SetException(new BlipBusyException(_pace.TimeOf(places + waiting)));
    }

    private void Abandon(string caller, TaskCompletionSource turn, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            // It has its turn already, or was refused.
            if (!_queues.TryGetValue(caller, out LinkedList<TaskCompletionSource>? queue) || !queue.Contains(turn))
                return;
            Remove(caller, turn);
        }
        turn.SetCanceled(cancellationToken);
    }

    private void Remove(string caller, TaskCompletionSource turn)
    {
        LinkedList<TaskCompletionSource> queue = _queues[caller];
        queue.Remove(turn);
        _waiting--;
        if (queue.Count > 0)
            return;
        _queues.Remove(caller);
        _ring.Remove(caller);
    }

    private void Leave()
    {
        TaskCompletionSource? next = null;
        lock (_gate)
        {
            _pace.Finish();
            if (_ring.First is { } first)
            {
                string caller = first.Value;
                next = _queues[caller].First!.Value;
                _ring.RemoveFirst();
                _ring.AddLast(caller);
                Remove(caller, next);
            }
            else
            {
                _underWay--;
            }
        }
        next?.SetResult();
    }

    private sealed class Turn(CallerTurns turns) : IDisposable
    {
        private int _isOver;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0)
                turns.Leave();
        }
    }
}
