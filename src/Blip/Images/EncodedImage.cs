using Blip.Networks;

namespace Blip;

/// <summary>
/// An image that a model has encoded: questions about it cost a fraction of the first. Thread-safe; dispose it when no more
/// questions are to come. Only the model that made it can read it, and it stays readable while that model lives.
/// </summary>
public sealed class EncodedImage : IDisposable
{
    private ImageEmbeddings? _embeddings;

    internal EncodedImage(BlipModel model, ImageEmbeddings embeddings, AnswerTiming timing)
    {
        Model = model;
        _embeddings = embeddings;
        Timing = timing;
        Bytes = embeddings.Bytes;
    }

    /// <summary>The memory it takes, in bytes: 1.8 MB for the full-size model.</summary>
    public long Bytes { get; }

    /// <summary>What encoding took: <see cref="AnswerTiming.Vision"/> is <see langword="null"/> where the image was remembered.</summary>
    public AnswerTiming Timing { get; }

    internal BlipModel Model { get; }

    /// <summary>Forgets the image, unless the model's own cache still remembers it. Questions under way are still answered.</summary>
    public void Dispose() => Interlocked.Exchange(ref _embeddings, null)?.Release();

    /// <summary>Takes a reference for a question. A dispose at the same time either comes after it or is noticed.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    internal ImageEmbeddings AddReference()
    {
        ImageEmbeddings? embeddings = Volatile.Read(ref _embeddings);
        return embeddings is not null && embeddings.TryAddReference() ? embeddings : throw new ObjectDisposedException(nameof(EncodedImage));
    }
}
