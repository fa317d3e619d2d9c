using Blip.Networks;

namespace Blip.Caching;

/// <summary>
/// Remembers images by what the model sees of them, the longest unused forgotten first, within a limit of bytes. Callers who
/// ask for the same image at once share one encoding; it is given up only when all of them have gone. Thread-safe.
/// </summary>
internal sealed class ImageCache(long maxBytes) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<PixelKey, Entry> _entries = [];
    private readonly LinkedList<Entry> _byUse = [];
    private long _bytes;

    /// <summary>The bytes held by remembered images.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>The image's embeddings, with a reference for the caller, and whether it was encoded for this call.</summary>
    /// <param name="key">What the model sees.</param>
    /// <param name="encode">Encodes the image; called at most once for callers that come together. Its result's one reference passes to the cache.</param>
    /// <param name="cancellationToken">This caller's own.</param>
    public async Task<(ImageEmbeddings Embeddings, bool Encoded)> GetAsync(PixelKey key, Func<CancellationToken, Task<ImageEmbeddings>> encode, CancellationToken cancellationToken)
    {
        Entry? entry;
        bool first;
        lock (_gate)
        {
            first = !_entries.TryGetValue(key, out entry);
            if (entry is null)
                _entries.Add(key, entry = new Entry(key));
            if (entry.Embeddings is { } remembered)
            {
                Touch(entry);
                return (remembered.AddReference(), false);
            }
            entry.Callers++;
        }
        if (first)
            _ = EncodeAsync(entry, encode);

        try
        {
            // Its result was shared out with a reference for every caller counted.
            return (await entry.Encoding.Task.WaitAsync(cancellationToken).ConfigureAwait(false), first);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Leave(entry);
            throw;
        }
    }

    /// <summary>Counts an image's bytes anew: it grows when it is asked about often.</summary>
    public void Recount(ImageEmbeddings embeddings)
    {
        lock (_gate)
        {
            foreach (Entry entry in _byUse)
            {
                if (entry.Embeddings != embeddings)
                    continue;
                _bytes += embeddings.Bytes - entry.Charged;
                entry.Charged = embeddings.Bytes;
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
                entry.Embeddings?.Release();
            _byUse.Clear();
            _entries.Clear();
        }
    }

    private async Task EncodeAsync(Entry entry, Func<CancellationToken, Task<ImageEmbeddings>> encode)
    {
        try
        {
            ImageEmbeddings embeddings = await encode(entry.AllGone.Token).ConfigureAwait(false);
            lock (_gate)
            {
                for (int i = 0; i < entry.Callers; i++)
                    embeddings.AddReference();
                entry.Embeddings = embeddings;
                Remember(entry, embeddings);
            }
            entry.Encoding.SetResult(embeddings);
        }
#pragma warning disable CA1031 // Whatever went wrong belongs to the callers, who await it.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            lock (_gate)
                Forget(entry);
            entry.Encoding.SetException(exception);
            // Where every caller has gone nobody observes it.
            _ = entry.Encoding.Task.Exception;
        }
    }

    /// <summary>A caller gives up: it returns the reference it was counted for, or, as the last one, stops the encoding.</summary>
    private void Leave(Entry entry)
    {
        lock (_gate)
        {
            if (entry.Embeddings is { } embeddings)
            {
                embeddings.Release();
                return;
            }
            if (--entry.Callers > 0)
                return;
            // Whoever comes now starts an encoding of its own.
            Forget(entry);
        }
        entry.AllGone.Cancel();
    }

    private void Remember(Entry entry, ImageEmbeddings embeddings)
    {
        if (embeddings.Bytes > maxBytes || !_entries.TryGetValue(entry.Key, out Entry? current) || current != entry)
        {
            Forget(entry);
            embeddings.Release();
            return;
        }
        Touch(entry);
        entry.Charged = embeddings.Bytes;
        _bytes += entry.Charged;
        Trim();
    }

    private void Trim()
    {
        while (_bytes > maxBytes && _byUse.First is { Value: { Embeddings: { } oldest } value })
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

        public TaskCompletionSource<ImageEmbeddings> Encoding { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public CancellationTokenSource AllGone { get; } = new();

        /// <summary>Who waits for the encoding.</summary>
        public int Callers { get; set; }

        /// <summary>The bytes counted for it.</summary>
        public long Charged { get; set; }

        /// <summary>Set when the encoding is done.</summary>
        public ImageEmbeddings? Embeddings { get; set; }
    }
}
