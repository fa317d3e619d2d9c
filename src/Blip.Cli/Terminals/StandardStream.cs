using System.Text;

namespace Blip.Cli.Terminals;

/// <summary>
/// Standard output and standard error, where writing may fail: a disk is full, or the caller has closed them. What is for people on
/// standard error is dropped then. Output that is lost is an error that says so.
/// </summary>
internal sealed class StandardStream(Func<Stream> open, int number) : Stream
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private readonly Lazy<Stream> _inner = new(open);

    /// <summary>Standard output as bytes.</summary>
    public static Stream Output { get; } = new StandardStream(Console.OpenStandardOutput, StandardFiles.Output);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Puts them in the place of the console's own.</summary>
    public static void Use()
    {
        Console.SetOut(new StreamWriter(Output, Utf8) { AutoFlush = true });
        Console.SetError(new StreamWriter(new StandardStream(Console.OpenStandardError, StandardFiles.Error), Utf8) { AutoFlush = true });
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            if (StandardFiles.IsClosed(number))
                throw new UnauthorizedAccessException();
            _inner.Value.Write(buffer);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // .NET takes a file that is not open for one that is not allowed.
            string why = exception is UnauthorizedAccessException ? "it is closed" : exception.Message.TrimEnd('.');
            if (number != StandardFiles.Error)
                throw new IOException($"The output cannot be written: {why}.", exception);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
        // Nothing is kept back: each write goes to the system.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
