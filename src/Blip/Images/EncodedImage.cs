using Blip.Networks;

namespace Blip;

/// <summary>
/// An image that a model has encoded. A question about it takes a fraction of the time that the first question about an image takes.
/// Only the model that encoded it can use it, and only until that model is disposed. Dispose it after the last question. Thread-safe.
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

    /// <summary>The memory of the encoded image, in bytes: 1.8 MB for the full-size model.</summary>
    public long Bytes { get; }

    /// <summary>
    /// The time of decoding and encoding. <see cref="AnswerTiming.Vision"/> is <see langword="null"/> if the model's cache had the
    /// encoded image already.
    /// </summary>
    public AnswerTiming Timing { get; }

    internal BlipModel Model { get; }

    /// <summary>
    /// Releases the memory, unless the model's cache still has the encoded image. Questions that have started are still answered.
    /// </summary>
    public void Dispose() => Interlocked.Exchange(ref _embeddings, null)?.Release();

    /// <summary>
    /// Adds a reference for a question. If another thread disposes the image at the same time, the question either keeps its reference
    /// or gets the exception.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The encoded image was disposed.</exception>
    internal ImageEmbeddings AddReference()
    {
        ImageEmbeddings? embeddings = Volatile.Read(ref _embeddings);
        return embeddings is not null && embeddings.TryAddReference()
            ? embeddings
            : throw new ObjectDisposedException(nameof(EncodedImage));
    }
}
