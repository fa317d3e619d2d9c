using System.Diagnostics;

namespace Blip.Scheduling;

/// <summary>
/// Lets work that waits for the same run slot share a run: whoever gets the slot takes along all that has gathered meanwhile, up
/// to the limit, in order of arrival. No timer delays anybody: batches grow with the load. Thread-safe.
/// </summary>
/// <param name="slots">The run slots, shared with other queues; waiting for one is first come, first served.</param>
/// <param name="maxBatchSize">The most items in a run.</param>
/// <param name="run">Does the work, one result an item. Its token is cancelled when every member has gone.</param>
/// <param name="release">
/// Called once for every item when the queue needs it no more. A caller that cancels returns at once, while the run that its
/// item is part of may go on: what the item holds belongs to the queue until then.
/// </param>
/// <param name="starts">Told how long each member of a run that starts has waited.</param>
internal sealed class BatchQueue<TItem, TResult>(
    SemaphoreSlim slots, int maxBatchSize, Func<IReadOnlyList<TItem>, CancellationToken, IReadOnlyList<TResult>> run, Action<TItem> release,
    Action<IReadOnlyList<TimeSpan>>? starts = null)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Member> _waiting = [];
    private bool _pumping;

    /// <summary>Queues items side by side. One that is cancelled while it waits is never run.</summary>
    public Task<TResult>[] Enqueue(IReadOnlyList<TItem> items, CancellationToken cancellationToken)
    {
        Task<TResult>[] results = new Task<TResult>[items.Count];
        lock (_gate)
        {
            for (int i = 0; i < results.Length; i++)
            {
                Member member = new(items[i], cancellationToken);
                _waiting.AddLast(member.Node);
                results[i] = member.Completion.Task;
                member.Registration = cancellationToken.UnsafeRegister(_ => Abandon(member), null);
            }
            StartPump();
        }
        return results;
    }

    /// <summary>Called under the lock.</summary>
    private void StartPump()
    {
        if (_pumping || _waiting.Count == 0)
            return;
        _pumping = true;
        _ = Task.Run(PumpAsync);
    }

    private async Task PumpAsync()
    {
        await slots.WaitAsync().ConfigureAwait(false);
        try
        {
            List<Member> batch = TakeBatch();
            if (batch.Count > 0)
                RunBatch(batch);
        }
        finally
        {
            slots.Release();
        }
    }

    private List<Member> TakeBatch()
    {
        List<Member> batch = [];
        lock (_gate)
        {
            while (batch.Count < maxBatchSize && _waiting.First is { } node)
            {
                _waiting.RemoveFirst();
                batch.Add(node.Value);
            }
            _pumping = false;
            StartPump();
        }
        return batch;
    }

    private void RunBatch(List<Member> batch)
    {
        using CancellationTokenSource allGone = new();
        int left = batch.Count;
        List<CancellationTokenRegistration> watches = new(batch.Count);
        try
        {
            starts?.Invoke(batch.ConvertAll(member => Stopwatch.GetElapsedTime(member.Queued)));
            foreach (Member member in batch)
            {
                watches.Add(member.Token.UnsafeRegister(_ =>
                {
                    if (Interlocked.Decrement(ref left) == 0)
                        allGone.Cancel();
                }, null));
            }
            IReadOnlyList<TResult> results = run(batch.ConvertAll(m => m.Item), allGone.Token);
            for (int i = 0; i < batch.Count; i++)
                batch[i].Completion.TrySetResult(results[i]);
        }
#pragma warning disable CA1031 // Whatever went wrong belongs to the callers, who await it.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            foreach (Member member in batch)
                member.Completion.TrySetException(exception);
        }
        finally
        {
            foreach (CancellationTokenRegistration watch in watches)
                watch.Dispose();
            foreach (Member member in batch)
            {
                member.Registration.Dispose();
                release(member.Item);
            }
        }
    }

    private void Abandon(Member member)
    {
        bool waited;
        lock (_gate)
        {
            waited = member.Node.List is not null;
            if (waited)
                _waiting.Remove(member.Node);
        }
        if (waited)
            release(member.Item);
        member.Completion.TrySetCanceled(member.Token);
    }

    private sealed class Member
    {
        public Member(TItem item, CancellationToken token)
        {
            Item = item;
            Token = token;
            Node = new LinkedListNode<Member>(this);
        }

        public TItem Item { get; }

        public long Queued { get; } = Stopwatch.GetTimestamp();

        public CancellationToken Token { get; }

        public LinkedListNode<Member> Node { get; }

        public TaskCompletionSource<TResult> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public CancellationTokenRegistration Registration { get; set; }
    }
}
