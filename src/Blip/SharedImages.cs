using Blip.Caching;

namespace Blip;

/// <summary>
/// Lets models share the images that they have encoded: where models of several kinds have the same vision network, tensor for tensor, in
/// one precision on a CPU, an image that one of them has encoded is not encoded again by another. Given to each by
/// <see cref="BlipServices.SharedImages"/>. Thread-safe.
/// </summary>
/// <remarks>
/// Models that share have one cache, of the bytes that the first of them allows. Weights are compared only where two models have the same
/// sizes; that reads their vision networks, a part of a second for the full-size model.
/// </remarks>
public sealed class SharedImages
{
    private readonly Lock _gate = new();
    private readonly List<Entry> _entries = [];

    /// <summary>The cache of a model, with whoever shares it.</summary>
    /// <param name="sizes">What has to be the same before weights are compared.</param>
    /// <param name="digest">
    /// Computes what tells the vision network from any other, where another model has the same sizes, while this one is loaded.
    /// </param>
    /// <param name="create">Makes a cache where nobody shares one.</param>
    internal ImageCache Join(string sizes, Func<string> digest, Func<ImageCache> create)
    {
        lock (_gate)
        {
            Entry[] alike = [.. _entries.Where(entry => entry.Sizes == sizes)];
            string? own = alike.Length > 0 ? digest() : null;
            Entry? entry = Array.Find(alike, one => one.Digest.Value == own);
            if (entry is null)
                _entries.Add(entry = new Entry(sizes, new Lazy<string>(own is null ? digest : () => own), create()));
            entry.Users++;
            return entry.Cache;
        }
    }

    /// <summary>A model is being disposed: the last of those that share a cache frees it.</summary>
    internal void Leave(ImageCache cache)
    {
        lock (_gate)
        {
            Entry entry = _entries.Find(one => one.Cache == cache)!;
            if (--entry.Users > 0)
                return;
            _entries.Remove(entry);
        }
        cache.Dispose();
    }

    /// <summary>A cache that has a second user has its digest computed: that user's was compared with it.</summary>
    private sealed class Entry(string sizes, Lazy<string> digest, ImageCache cache)
    {
        public string Sizes => sizes;

        public Lazy<string> Digest => digest;

        public ImageCache Cache => cache;

        public int Users { get; set; }
    }
}
