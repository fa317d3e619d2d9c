namespace Blip.Hosting.Receiving;

/// <summary>
/// A body of unknown length, up to a limit. If the server had the limit, what is left of a body that is too large could not be read on.
/// </summary>
/// <param name="source">The body.</param>
/// <param name="limit">Its largest size, in bytes.</param>
internal sealed class BoundedBody(Stream source, int limit) : Stream
{
    private long _read;

    /// <summary>The body without the limit.</summary>
    public Stream Source => source;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="FailureException">413: the body is too large.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Count(await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => Count(source.Read(buffer, offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int Count(int read)
    {
        _read += read;
        return _read <= limit ? read : throw new FailureException(Failure.RequestTooLarge(limit));
    }
}
