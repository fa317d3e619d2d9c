using Blip.Scheduling;
using Microsoft.Extensions.Options;

namespace Blip.Hosting;

/// <summary>
/// Lets the requests of all callers take turns: a caller with a hundred requests does not delay another caller's single request.
/// Thread-safe.
/// </summary>
/// <param name="places">How many requests are under way at once. In these the model's own queue finds what it can run together.</param>
/// <param name="waiting">How many more may wait. When all places to wait are taken, the caller with the most of them gives one up.</param>
/// <param name="time">The clock.</param>
internal sealed class CallerTurns(int places, int waiting, TimeProvider time)
{
    private static readonly AsyncLocal<string?> Caller = new();

    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedList<TaskCompletionSource>> _queues = new(StringComparer.Ordinal);

    /// <summary>The callers that wait, in the order of their turns.</summary>
    private readonly LinkedList<string> _ring = [];

    private readonly FinishPace _pace = new(time);
    private int _underWay, _waiting;

    /// <param name="options">How many requests may be under way and waiting, and how many questions share a run.</param>
    /// <param name="time">The clock.</param>
    public CallerTurns(IOptions<BlipOptions> options, TimeProvider time)
        : this(Places(options.Value), options.Value.MaxRequests - Places(options.Value), time)
    {
    }

    /// <summary>Says whose request is being answered, in everything that the request awaits.</summary>
    public static void Begin(string caller) => Caller.Value = caller;

    /// <summary>Waits for the turn of the caller whose request is being answered.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The turn, which ends when it is disposed.</returns>
    /// <exception cref="BlipBusyException">Too many requests wait, and none of another caller with more of them.</exception>
    public ValueTask<IDisposable> EnterAsync(CancellationToken cancellationToken) => EnterAsync(Caller.Value ?? "", cancellationToken);

    /// <summary>Waits for a caller's turn.</summary>
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

    /// <summary>A run and the next one.</summary>
    private static int Places(BlipOptions options) => Math.Min(options.MaxRequests, 2 * options.MaxBatchSize);

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
        int own = _queues.TryGetValue(caller, out LinkedList<TaskCompletionSource>? mine) ? mine.Count : 0;
        string? heaviest = _queues.Keys.MaxBy(other => _queues[other].Count);
        BlipBusyException busy = new(_pace.TimeOf(places + waiting));
        if (heaviest is null || _queues[heaviest].Count <= own + 1)
            throw busy;
        TaskCompletionSource refused = _queues[heaviest].Last!.Value;
        Remove(heaviest, refused);
        refused.SetException(busy);
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
