using Blip.Inference;

namespace Blip;

/// <summary>
/// A picture that a model has looked at: questions about it cost a fraction of the first. Thread-safe; dispose it when no more
/// questions are to come. Only the model that made it can read it, and it stays readable while that model lives.
/// </summary>
public sealed class ImageMemory : IDisposable
{
    private PictureMemory? _memory;

    internal ImageMemory(BlipModel model, PictureMemory memory, AnswerTiming timing)
    {
        Model = model;
        _memory = memory;
        Timing = timing;
        Bytes = memory.Bytes;
    }

    /// <summary>The memory it takes, in bytes: 1.8 MB for the full-size model.</summary>
    public long Bytes { get; }

    /// <summary>What looking took: <see cref="AnswerTiming.Vision"/> is <see langword="null"/> where the picture was remembered.</summary>
    public AnswerTiming Timing { get; }

    internal BlipModel Model { get; }

    /// <summary>Forgets the picture, unless the model's own cache still remembers it. Questions under way are still answered.</summary>
    public void Dispose() => Interlocked.Exchange(ref _memory, null)?.Release();

    /// <summary>Takes a reference for a question. A dispose at the same time either comes after it or is noticed.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    internal PictureMemory AddReference()
    {
        PictureMemory? memory = Volatile.Read(ref _memory);
        return memory is not null && memory.TryAddReference() ? memory : throw new ObjectDisposedException(nameof(ImageMemory));
    }
}
