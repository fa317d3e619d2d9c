namespace Blip.Inference;

/// <summary>
/// Remembers pictures by what the model sees of them, the longest unused forgotten first, within a limit of bytes. Callers who
/// ask for the same picture at once share one look; it is given up only when all of them have gone. Thread-safe.
/// </summary>
internal sealed class MemoryCache(long maxBytes) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<PixelKey, Entry> _entries = [];
    private readonly LinkedList<Entry> _byUse = [];
    private long _bytes;

    /// <summary>The bytes held by remembered pictures.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>The picture's memory, with a reference for the caller, and whether it was looked at for this call.</summary>
    /// <param name="key">What the model sees.</param>
    /// <param name="look">Looks; called at most once for callers that come together. Its result's one reference passes to the cache.</param>
    /// <param name="cancellationToken">This caller's own.</param>
    public async Task<(PictureMemory Memory, bool Looked)> GetAsync(PixelKey key, Func<CancellationToken, Task<PictureMemory>> look, CancellationToken cancellationToken)
    {
        Entry? entry;
        bool first;
        lock (_gate)
        {
            first = !_entries.TryGetValue(key, out entry);
            if (entry is null)
                _entries.Add(key, entry = new Entry(key));
            if (entry.Memory is { } remembered)
            {
                Touch(entry);
                return (remembered.AddReference(), false);
            }
            entry.Callers++;
        }
        if (first)
            _ = LookAsync(entry, look);

        try
        {
            // Its result was shared out with a reference for every caller counted.
            return (await entry.Look.Task.WaitAsync(cancellationToken).ConfigureAwait(false), first);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Leave(entry);
            throw;
        }
    }

    /// <summary>Counts a picture's bytes anew: it grows when it is asked about often.</summary>
    public void Recount(PictureMemory memory)
    {
        lock (_gate)
        {
            foreach (Entry entry in _byUse)
            {
                if (entry.Memory != memory)
                    continue;
                _bytes += memory.Bytes - entry.Charged;
                entry.Charged = memory.Bytes;
                Trim();
                return;
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (Entry entry in _byUse)
                entry.Memory?.Release();
            _byUse.Clear();
            _entries.Clear();
        }
    }

    private async Task LookAsync(Entry entry, Func<CancellationToken, Task<PictureMemory>> look)
    {
        try
        {
            PictureMemory memory = await look(entry.AllGone.Token).ConfigureAwait(false);
            lock (_gate)
            {
                for (int i = 0; i < entry.Callers; i++)
                    memory.AddReference();
                entry.Memory = memory;
                Remember(entry, memory);
            }
            entry.Look.SetResult(memory);
        }
#pragma warning disable CA1031 // Whatever went wrong belongs to the callers, who await it.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            lock (_gate)
                Forget(entry);
            entry.Look.SetException(exception);
            // Where every caller has gone nobody observes it.
            _ = entry.Look.Task.Exception;
        }
    }

    /// <summary>A caller gives up: it returns the reference it was counted for, or, as the last one, stops the look.</summary>
    private void Leave(Entry entry)
    {
        lock (_gate)
        {
            if (entry.Memory is { } memory)
            {
                memory.Release();
                return;
            }
            if (--entry.Callers > 0)
                return;
            // Whoever comes now starts a look of its own.
            Forget(entry);
        }
        entry.AllGone.Cancel();
    }

    private void Remember(Entry entry, PictureMemory memory)
    {
        if (memory.Bytes > maxBytes || !_entries.TryGetValue(entry.Key, out Entry? current) || current != entry)
        {
            Forget(entry);
            memory.Release();
            return;
        }
        Touch(entry);
        entry.Charged = memory.Bytes;
        _bytes += entry.Charged;
        Trim();
    }

    private void Trim()
    {
        while (_bytes > maxBytes && _byUse.First is { Value: { Memory: { } oldest } value })
        {
            _byUse.RemoveFirst();
            Forget(value);
            _bytes -= value.Charged;
            oldest.Release();
        }
    }

    private void Touch(Entry entry)
    {
        if (entry.Node.List is not null)
            _byUse.Remove(entry.Node);
        _byUse.AddLast(entry.Node);
    }

    private void Forget(Entry entry)
    {
        if (_entries.TryGetValue(entry.Key, out Entry? current) && current == entry)
            _entries.Remove(entry.Key);
    }

    private sealed class Entry
    {
        public Entry(PixelKey key)
        {
            Key = key;
            Node = new LinkedListNode<Entry>(this);
        }

        public PixelKey Key { get; }

        /// <summary>Its place in the order of use, while it is remembered.</summary>
        public LinkedListNode<Entry> Node { get; }

        public TaskCompletionSource<PictureMemory> Look { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public CancellationTokenSource AllGone { get; } = new();

        /// <summary>Who waits for the look.</summary>
        public int Callers { get; set; }

        /// <summary>The bytes counted for it.</summary>
        public long Charged { get; set; }

        /// <summary>Set when the look is done.</summary>
        public PictureMemory? Memory { get; set; }
    }
}
