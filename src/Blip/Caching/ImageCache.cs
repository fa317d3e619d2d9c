using Blip.Networks;

namespace Blip.Caching;

/// <summary>
/// Keeps encoded images by what the model sees of them, within a limit of bytes. When it is full, keys and values of the images unused for
/// longest are removed first, because they cost a fraction of an encoding; then images are removed. Callers who ask for the same image at
/// once share one encoding; it is stopped only when all of them have left. Thread-safe.
/// </summary>
/// <param name="maxBytes">The most bytes to keep.</param>
/// <param name="changed">Gets every change of the bytes kept, and of the part of them that keys and values take.</param>
internal sealed class ImageCache(long maxBytes, Action<long, long>? changed = null) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<PixelKey, Entry> _entries = [];

    // Both in the order of use, the longest unused first.
    private readonly LinkedList<Entry> _byUse = [], _projected = [];
    private readonly long _maxBytes = maxBytes;
    private long _bytes, _projectedBytes;

    /// <summary>The bytes of the images kept, their keys and values included.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>The part of <see cref="Bytes"/> that keys and values take.</summary>
    public long ProjectedBytes => Volatile.Read(ref _projectedBytes);

    /// <summary>The image's embeddings, with a reference for the caller, if they are kept.</summary>
    public ImageEmbeddings? Find(PixelKey key)
    {
        lock (_gate)
            return _entries.TryGetValue(key, out Entry? entry) ? Take(entry) : null;
    }

    /// <summary>The image's embeddings, with a reference for the caller, and whether they were made for this call.</summary>
    /// <param name="key">What the model sees.</param>
    /// <param name="encode">
    /// Encodes the image; called at most once for callers that come together. Its result's one reference passes to the cache.
    /// </param>
    /// <param name="cancellationToken">This caller's own.</param>
    public async Task<(ImageEmbeddings Embeddings, bool Encoded)> GetAsync(
        PixelKey key, Func<CancellationToken, Task<ImageEmbeddings>> encode, CancellationToken cancellationToken)
    {
        Entry? entry;
        bool first;
        lock (_gate)
        {
            first = !_entries.TryGetValue(key, out entry);
            if (entry is null)
                _entries.Add(key, entry = new Entry(this, key));
            if (Take(entry) is { } kept)
                return (kept, false);
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

    public void Dispose()
    {
        lock (_gate)
        {
            while (_byUse.First is { } node)
                Evict(node.Value);
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
                Keep(entry, embeddings);
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
            // If every caller has left, nobody observes it.
            _ = entry.Encoding.Task.Exception;
        }
    }

    /// <summary>A caller leaves: it returns the reference it was counted for, or, as the last one, stops the encoding.</summary>
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
            // A caller that comes now starts its own encoding.
            Forget(entry);
        }
        entry.AllGone.Cancel();
    }

    private ImageEmbeddings? Take(Entry entry)
    {
        if (entry.Embeddings is not { } kept)
            return null;
        Touch(entry);
        return kept.AddReference();
    }

    private void Keep(Entry entry, ImageEmbeddings embeddings)
    {
        if (embeddings.Bytes > _maxBytes || !_entries.TryGetValue(entry.Key, out Entry? current) || current != entry)
        {
            Forget(entry);
            embeddings.Release();
            return;
        }
        embeddings.Owner = entry;
        _byUse.AddLast(entry.Use);
        Recount(entry);
    }

    /// <summary>Counts an image again, and removes others when the cache is full.</summary>
    private void Recount(Entry entry)
    {
        if (entry.Use.List is null)
            return;
        Count(entry);
        while (_bytes > _maxBytes && _projected.First is { } node && (node.Value != entry || node.Next is not null))
        {
            Entry longestUnused = node.Value == entry ? node.Next!.Value : node.Value;
            longestUnused.Embeddings!.DropProjection();
            Count(longestUnused);
        }
        while (_bytes > _maxBytes && _byUse.First is { } node && node.Value != entry)
            Evict(node.Value);
    }

    private void Count(Entry entry)
    {
        long projected = entry.Embeddings!.ProjectedBytes, bytes = entry.Embeddings.Bytes;
        Charge(entry, bytes, projected);
        if (projected == 0 && entry.ProjectedUse.List is not null)
            _projected.Remove(entry.ProjectedUse);
        else if (projected > 0 && entry.ProjectedUse.List is null)
            _projected.AddLast(entry.ProjectedUse);
    }

    private void Charge(Entry entry, long bytes, long projected)
    {
        (long change, long projectedChange) = (bytes - entry.Charged, projected - entry.ChargedProjected);
        (entry.Charged, entry.ChargedProjected) = (bytes, projected);
        Volatile.Write(ref _bytes, _bytes + change);
        Volatile.Write(ref _projectedBytes, _projectedBytes + projectedChange);
        changed?.Invoke(change, projectedChange);
    }

    private void Evict(Entry entry)
    {
        _byUse.Remove(entry.Use);
        if (entry.ProjectedUse.List is not null)
            _projected.Remove(entry.ProjectedUse);
        Charge(entry, 0, 0);
        Forget(entry);
        entry.Embeddings!.Owner = null;
        entry.Embeddings.Release();
    }

    private void Touch(Entry entry)
    {
        Last(_byUse, entry.Use);
        Last(_projected, entry.ProjectedUse);

        static void Last(LinkedList<Entry> list, LinkedListNode<Entry> node)
        {
            if (node.List is null)
                return;
            list.Remove(node);
            list.AddLast(node);
        }
    }

    private void Forget(Entry entry)
    {
        if (_entries.TryGetValue(entry.Key, out Entry? current) && current == entry)
            _entries.Remove(entry.Key);
    }

    private sealed class Entry : IEmbeddingsOwner
    {
        private readonly ImageCache _cache;

        public Entry(ImageCache cache, PixelKey key)
        {
            (_cache, Key) = (cache, key);
            Use = new LinkedListNode<Entry>(this);
            ProjectedUse = new LinkedListNode<Entry>(this);
        }

        public PixelKey Key { get; }

        /// <summary>Its place in the order of use, while it is kept.</summary>
        public LinkedListNode<Entry> Use { get; }

        /// <summary>Its place among those with keys and values.</summary>
        public LinkedListNode<Entry> ProjectedUse { get; }

        public TaskCompletionSource<ImageEmbeddings> Encoding { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public CancellationTokenSource AllGone { get; } = new();

        /// <summary>The callers that wait for the encoding.</summary>
        public int Callers { get; set; }

        /// <summary>The bytes counted for it.</summary>
        public long Charged { get; set; }

        /// <summary>The part of them that keys and values take.</summary>
        public long ChargedProjected { get; set; }

        /// <summary>Set when the encoding is done.</summary>
        public ImageEmbeddings? Embeddings { get; set; }

        public bool Admits(long bytes) => bytes <= _cache._maxBytes;

        public void BytesChanged()
        {
            lock (_cache._gate)
                _cache.Recount(this);
        }
    }
}
