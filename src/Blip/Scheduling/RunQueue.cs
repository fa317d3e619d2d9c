namespace Blip.Scheduling;

/// <summary>
/// Lets items of several callers share runs: a run takes all items that have gathered meanwhile, up to the limits. No timer delays a run:
/// runs grow with the load. The callers take turns, so none of them waits for all items of another. Thread-safe.
/// </summary>
/// <param name="slots">The run slots, shared with other queues.</param>
/// <param name="limits">How much a run takes.</param>
/// <param name="work">
/// Does the work of a run, on a thread of the pool that holds a slot. If it throws, the members that have no result yet are repeated,
/// each alone: only those that fail alone get the error.
/// </param>
/// <param name="release">
/// Called once for every item when the queue needs it no more. A caller that cancels returns at once, while the run that its
/// item is part of may continue: what the item holds belongs to the queue until then. It does not throw.
/// </param>
/// <param name="starts">Told how long each member of a run that starts has waited.</param>
/// <param name="time">The clock of the waits.</param>
/// <param name="maxOpenRuns">
/// How many runs may have begun and not ended, those that let others go first (<see cref="Run{TItem, TResult}.Yield"/>) included.
/// While so many are open, items gather.
/// </param>
internal sealed class RunQueue<TItem, TResult>(
    RunSlots slots, RunLimits limits, Action<Run<TItem, TResult>> work, Action<TItem> release,
    Action<IReadOnlyList<TimeSpan>>? starts, TimeProvider time, int maxOpenRuns)
    where TItem : IRunItem
{
    private readonly Lock _gate = new();
    private readonly RunTurns<TItem, TResult> _turns = new(limits);
    private bool _waitsForSlot;
    private int _openRuns;

    /// <summary>Queues the items of one request. Those that are cancelled while they wait are never run.</summary>
    /// <param name="items">The items, run in this order.</param>
    /// <param name="cancellationToken">Ends all tasks at once.</param>
    /// <returns>One task for each item.</returns>
    public Task<TResult>[] Enqueue(IReadOnlyList<TItem> items, CancellationToken cancellationToken)
    {
        if (items.Count == 0)
            return [];
        RunRequest<TItem, TResult> request = new(items, time.GetTimestamp(), cancellationToken);
        request.Watch(Cancel);
        lock (_gate)
        {
            if (!request.IsGone)
            {
                _turns.Add(request);
                StartRun();
            }
        }
        return [.. request.Members.Select(member => member.Result)];
    }

    /// <summary>Called under the lock, so that the place among those who wait for a slot is taken in order.</summary>
    private void StartRun()
    {
        if (_waitsForSlot || _turns.IsEmpty || _openRuns == maxOpenRuns)
            return;
        _waitsForSlot = true;
        // A run belongs to all its callers: no caller's context (its trace, say) flows into it.
        ThreadPool.UnsafeQueueUserWorkItem(slot => _ = RunAsync(slot), slots.EnterAsync(), preferLocal: false);
    }

    private async Task RunAsync(Task slot)
    {
        await slot.ConfigureAwait(false);
        try
        {
            if (OpenRun() is { } run)
                CloseRun(run, Work(run));
        }
        finally
        {
            slots.Leave();
        }
    }

    private Run<TItem, TResult>? OpenRun()
    {
        lock (_gate)
        {
            Run<TItem, TResult>? run = null;
            List<RunMember<TItem, TResult>> members = _turns.TakeRun();
            if (members.Count > 0)
            {
                run = new Run<TItem, TResult>(slots, members);
                foreach (RunMember<TItem, TResult> member in members)
                    member.Run = run;
                _openRuns++;
            }
            _waitsForSlot = false;
            StartRun();
            return run;
        }
    }

    /// <summary>Gives what the work threw.</summary>
    private Exception? Work(Run<TItem, TResult> run)
    {
        try
        {
            starts?.Invoke([.. run.Members.Select(member => time.GetElapsedTime(member.Queued))]);
            work(run);
            return null;
        }
#pragma warning disable CA1031 // Whatever went wrong belongs to the callers, who await it.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return exception;
        }
    }

    private void CloseRun(Run<TItem, TResult> run, Exception? error)
    {
        bool repeat = error is not null && run.Members.Count > 1;
        foreach (RunMember<TItem, TResult> member in run.Members)
        {
            if (!repeat && !member.Result.IsCompleted)
                member.TryFail(error ?? new InvalidOperationException("The run ended without a result for this item."));
        }

        List<RunMember<TItem, TResult>> done = [];
        lock (_gate)
        {
            foreach (RunMember<TItem, TResult> member in run.Members)
            {
                if (member.Result.IsCompleted || member.Request.IsGone)
                {
                    done.Add(member);
                    continue;
                }
                member.Request.Repeat(member, time.GetTimestamp());
                _turns.Add(member.Request);
            }
            _openRuns--;
            StartRun();
        }
        foreach (RunMember<TItem, TResult> member in done)
            release(member.Item);
    }

    private void Cancel(RunRequest<TItem, TResult> request)
    {
        List<RunMember<TItem, TResult>> waiting;
        lock (_gate)
        {
            waiting = request.Go();
            _turns.Remove(request);
        }
        foreach (RunMember<TItem, TResult> member in waiting)
            release(member.Item);
        foreach (RunMember<TItem, TResult> member in request.Members)
        {
            if (member.Run is { } run)
                run.Cancel(member);
            else
                member.TryCancel();
        }
    }
}
