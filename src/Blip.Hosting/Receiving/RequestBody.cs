using System.Diagnostics;
using Blip.AI.Images;

namespace Blip.Hosting.Receiving;

/// <summary>
/// The memory of one request's body, and the images that were taken out of its text. It is the current one in everything that the
/// request awaits, and its memory goes back at the request's end.
/// </summary>
internal sealed class RequestBody(BodyMemory memory) : IDisposable
{
    private static readonly AsyncLocal<RequestBody?> Flow = new();

    private readonly Lock _gate = new();
    private readonly List<IDisposable> _buffers = [];
    private readonly List<TakenImage> _images = [];
    private bool _disposed;

    /// <summary>The body of the request that is being answered. The guard before every endpoint begins it.</summary>
    public static RequestBody Current =>
        Flow.Value ?? throw new InvalidOperationException("The endpoint is not protected by the guard.");

    public static RequestBody Begin(BodyMemory memory) => Flow.Value = new RequestBody(memory);

    /// <summary>Finds an image that was taken out of this request's text.</summary>
    public static bool TryGetImage(string name, out ReadOnlyMemory<byte> image)
    {
        image = Flow.Value?.Find(name)?.Decoded() ?? default;
        return image.Length > 0;
    }

    /// <summary>Reads a body, or a part of one, to its end.</summary>
    /// <param name="source">The body.</param>
    /// <param name="length">Its length, or the most that it can be; <see langword="null"/> if it is not known.</param>
    /// <param name="limit">The largest size, in bytes.</param>
    /// <param name="tooLarge">The failure if it is larger.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <param name="follow">Is called with all that has come so far, and may refuse it.</param>
    /// <returns>The bytes, which are there until the request ends.</returns>
    public async Task<Memory<byte>> ReadAsync(
        Stream source, long? length, int limit, Failure tooLarge, CancellationToken cancellationToken, Action<Memory<byte>>? follow = null)
    {
        int expected = (int)Math.Min(length ?? BodyMemory.SmallBytes, limit);
        BodyBuffer buffer = await TakeAsync(expected, cancellationToken).ConfigureAwait(false);
        long start = Stopwatch.GetTimestamp();
        while (await source.ReadAsync(buffer.Free, cancellationToken).ConfigureAwait(false) is > 0 and int read)
        {
            buffer.Count += read;
            if (buffer.Count > limit)
                throw new FailureException(tooLarge);
            follow?.Invoke(buffer.Written);
            memory.CheckPace(buffer, start);
            if (buffer.Free.IsEmpty)
                buffer = await GrowAsync(buffer, limit, cancellationToken).ConfigureAwait(false);
        }
        return buffer.Written;
    }

    /// <summary>Keeps an image that stands in the text of the body.</summary>
    /// <param name="text">The JSON string without its quotes: a data URI, or plain base64.</param>
    /// <returns>The name that stands in its place.</returns>
    public string Take(Memory<byte> text)
    {
        lock (_gate)
        {
            _images.Add(new TakenImage(text));
            return FormattableString.Invariant($"{DataUri.TakenPrefix}{_images.Count - 1}");
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _buffers.ForEach(buffer => buffer.Dispose());
            _buffers.Clear();
            _images.Clear();
        }
    }

    private TakenImage? Find(string name)
    {
        lock (_gate)
        {
            return int.TryParse(name.AsSpan(DataUri.TakenPrefix.Length), out int index) && index >= 0 && index < _images.Count
                ? _images[index]
                : null;
        }
    }

    private async Task<BodyBuffer> TakeAsync(int bytes, CancellationToken cancellationToken)
    {
        BodyBuffer buffer = await memory.TakeAsync(bytes, cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            if (!_disposed)
            {
                _buffers.Add(buffer);
                return buffer;
            }
        }
        ((IDisposable)buffer).Dispose();
        throw new OperationCanceledException("The request is over.");
    }

    private async Task<BodyBuffer> GrowAsync(BodyBuffer full, int limit, CancellationToken cancellationToken)
    {
        // Its length is not known, so there is room for the largest.
        BodyBuffer larger = await TakeAsync(limit, cancellationToken).ConfigureAwait(false);
        full.Written.CopyTo(larger.Memory);
        larger.Count = full.Count;
        lock (_gate)
            _buffers.Remove(full);
        ((IDisposable)full).Dispose();
        return larger;
    }
}
