namespace Blip.Cli;

/// <summary>Lines of a file that may be a pipe or a device. One that has no end, as of <c>/dev/zero</c>, would fill the memory.</summary>
internal sealed class EndingLines(Stream inner, string name) : Stream
{
    /// <summary>An image may be in a line, as a data URI.</summary>
    private const int MaxBytes = 128 << 20;

    private int _bytes;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <exception cref="BlipException">The line is too long.</exception>
    public override int Read(Span<byte> buffer)
    {
        int read = inner.Read(buffer);
        int end = buffer[..read].LastIndexOf((byte)'\n');
        _bytes = end < 0 ? _bytes + read : read - end - 1;
        return _bytes <= MaxBytes ? read : throw new BlipException(
            BlipErrorCode.InvalidRequest, FormattableString.Invariant($"{name} has a line of more than {MaxBytes:N0} bytes. Shorten it."));
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
        // Nothing is written.
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
