namespace Blip;

/// <summary>
/// An image that a model has encoded: a question about it takes a fraction of the time of the first. Thread-safe; dispose it after the last
/// question. Only the model that made it can read it, and it stays readable while that model lives.
/// </summary>
/// <remarks>Models make it (<see cref="IBlipModel.EncodeAsync"/>). It is abstract so that a test can replace it.</remarks>
public abstract class EncodedImage : IDisposable
{
    /// <summary>
    /// The native memory that it takes now, in bytes: 1.8 MB for the full-size model, and 44 MB once many questions were asked.
    /// </summary>
    public abstract long Bytes { get; }

    /// <summary>
    /// The time of encoding: <see cref="AnswerTiming.Vision"/> is <see langword="null"/> where the image was in the cache.
    /// </summary>
    public abstract AnswerTiming Timing { get; }

    /// <summary>
    /// Releases its memory, unless the model's own cache still keeps the image. Questions under way are still answered.
    /// </summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases its memory. Called once or more often.</summary>
    /// <param name="disposing">Whether <see cref="Dispose()"/> was called, and not the garbage collector.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}
