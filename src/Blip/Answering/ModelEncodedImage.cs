using Blip.Networks;

namespace Blip.Answering;

/// <summary>What a model gives as an encoded image: one reference to its embeddings.</summary>
internal sealed class ModelEncodedImage(BlipModel model, ImageEmbeddings embeddings, AnswerTiming timing) : EncodedImage
{
    private ImageEmbeddings? _embeddings = embeddings;

    /// <summary>If nobody disposed it, the garbage collector releases the memory.</summary>
    ~ModelEncodedImage() => Dispose(disposing: false);

    public override long Bytes => Volatile.Read(ref _embeddings)?.Bytes ?? 0;

    public override AnswerTiming Timing => timing;

    public BlipModel Model => model;

    /// <summary>Takes a reference for a question. A dispose at the same time either comes after it or is noticed.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public ImageEmbeddings AddReference()
    {
        ImageEmbeddings? embeddings = Volatile.Read(ref _embeddings);
        bool taken = embeddings is not null && embeddings.TryAddReference();
        // The garbage collector must not run before that.
        GC.KeepAlive(this);
        return taken ? embeddings! : throw new ObjectDisposedException(nameof(EncodedImage));
    }

    protected override void Dispose(bool disposing)
    {
        Interlocked.Exchange(ref _embeddings, null)?.Release();
        base.Dispose(disposing);
    }
}
