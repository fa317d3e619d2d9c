using System.IO.Pipelines;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Blip.Mcp;

/// <summary>
/// Stands between standard input and the SDK's transport, which passes over what it cannot read: a client would wait in vain. Each line is
/// passed on, or answered with what is wrong.
/// </summary>
/// <param name="changed">Is called before the message goes on by which the client says that its roots have changed.</param>
internal sealed class StdioMessages(Action changed)
{
    private const int Block = 64 * 1024;
    private const int KeptBuffer = 1 << 20;

    /// <summary>The longest line: sixteen images do not fit, one of any allowed size does.</summary>
    private const int MaxLine = 64 << 20;

    private static readonly MessageFault TooLong = new(
        McpErrorCode.InvalidRequest, $"The message has more than {MaxLine >> 20} MiB. Send smaller images, or their paths.");

    private readonly Pipe _passed = new();

    /// <summary>The lines that are passed on.</summary>
    public Stream Passed => _passed.Reader.AsStream();

    /// <summary>Reads to the end of the input.</summary>
    /// <param name="input">The lines of the client.</param>
    /// <param name="client">Where it is answered.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task PumpAsync(Stream input, ITransport client, CancellationToken cancellationToken)
    {
        Exception? failure = null;
        try
        {
            byte[] buffer = new byte[Block];
            int count = 0;
            bool isTooLong = false;
            while (await input.ReadAsync(buffer.AsMemory(count), cancellationToken).ConfigureAwait(false) is > 0 and int read)
            {
                int begin = 0;
                int from = count;
                count += read;
                while (buffer.AsSpan(from, count - from).IndexOf((byte)'\n') is >= 0 and int length)
                {
                    from += length + 1;
                    if (!isTooLong)
                        await HandleAsync(buffer.AsMemory(begin, from - begin), client, cancellationToken).ConfigureAwait(false);
                    isTooLong = false;
                    begin = from;
                }
                count -= begin;
                buffer.AsSpan(begin, count).CopyTo(buffer);
                if (count >= MaxLine && !isTooLong)
                {
                    isTooLong = true;
                    await client.SendMessageAsync(TooLong.ToError(), cancellationToken).ConfigureAwait(false);
                }
                if (isTooLong)
                    count = 0;
                if (count == buffer.Length)
                    Array.Resize(ref buffer, 2 * count);
                else if (count == 0 && buffer.Length > KeptBuffer)
                    buffer = new byte[Block];
            }
            if (count > 0)
                await HandleAsync(buffer.AsMemory(0, count), client, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            failure = exception;
        }
        await _passed.Writer.CompleteAsync(failure).ConfigureAwait(false);
    }

    private async Task HandleAsync(ReadOnlyMemory<byte> line, ITransport client, CancellationToken cancellationToken)
    {
        if (line.Span.Trim(" \t\r\n"u8).IsEmpty)
            return;
        MessageFault? fault = MessageCheck.Find(line.Span, out string? method);
        if (fault is { IsAnswered: true })
            await client.SendMessageAsync(fault.ToError(), cancellationToken).ConfigureAwait(false);
        if (fault is not null)
            return;
#pragma warning disable MCP9005 // See ClientRoots.
        if (method == NotificationMethods.RootsListChangedNotification)
            changed();
#pragma warning restore MCP9005
        await _passed.Writer.WriteAsync(line, cancellationToken).ConfigureAwait(false);
    }
}
