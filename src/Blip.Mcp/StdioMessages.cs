using System.Diagnostics;
using System.IO.Pipelines;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Blip.Mcp;

/// <summary>
/// Stands between standard input and the SDK's transport, which ignores what it cannot read, so that a client would wait for ever. Each
/// line is passed on, or answered with what is wrong.
/// </summary>
/// <param name="changed">Is called before the message goes on by which the client says that its roots have changed.</param>
/// <param name="ended">Is called at the end of the input, after which the client answers nothing.</param>
/// <param name="failed">Is called with the reason when a message could not be written.</param>
internal sealed class StdioMessages(Action changed, Action ended, Action<IOException> failed)
{
    private const int Block = 64 * 1024;
    private const int KeptBuffer = 1 << 20;

    /// <summary>The longest line: sixteen images do not fit, one of any allowed size does.</summary>
    private const int MaxLine = 64 << 20;

    private static readonly MessageFault TooLong = new(
        McpErrorCode.InvalidRequest, $"The message has more than {MaxLine >> 20} MiB. Send smaller images, or their paths.");

    /// <summary>How long requests are answered after the end of the input, whose client may be gone.</summary>
    private static readonly TimeSpan MaxRest = TimeSpan.FromMinutes(5);

    private readonly Pipe _passed = new();
    private int _unanswered;

    /// <summary>The lines that are passed on.</summary>
    public Stream Passed => _passed.Reader.AsStream();

    /// <summary>
    /// A filter of what the server sends: it counts the requests that are answered. A message that is lost is told to <c>failed</c> alone:
    /// the request did not fail, and the answer that it did would be lost too.
    /// </summary>
    public McpMessageHandler FilterOutgoing(McpMessageHandler next) => async (context, cancellationToken) =>
    {
        await SendAsync(next(context, cancellationToken)).ConfigureAwait(false);
        if (context.JsonRpcMessage is JsonRpcResponse or JsonRpcError)
            Interlocked.Decrement(ref _unanswered);
    };

    /// <summary>A filter of what the server gets: a request that its client takes back is never answered.</summary>
    public McpMessageHandler FilterIncoming(McpMessageHandler next) => async (context, cancellationToken) =>
    {
        try
        {
            await next(context, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.JsonRpcMessage is JsonRpcRequest && cancellationToken.IsCancellationRequested)
        {
            Interlocked.Decrement(ref _unanswered);
            throw;
        }
    };

    /// <summary>Reads to the end of the input, and lets the server end when all requests are answered.</summary>
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
                    await SendAsync(client.SendMessageAsync(TooLong.ToError(), cancellationToken)).ConfigureAwait(false);
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
            ended();
            for (long end = Stopwatch.GetTimestamp(); Volatile.Read(ref _unanswered) > 0 && Stopwatch.GetElapsedTime(end) < MaxRest;)
                await Task.Delay(5, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            failure = exception;
        }
        await _passed.Writer.CompleteAsync(failure).ConfigureAwait(false);
    }

    private async Task SendAsync(Task sending)
    {
        try
        {
            await sending.ConfigureAwait(false);
        }
        // The SDK's exception says only that it failed, also where it was cancelled.
        catch (IOException exception) when (exception.InnerException is IOException reason)
        {
            failed(reason);
        }
    }

    private async Task HandleAsync(ReadOnlyMemory<byte> line, ITransport client, CancellationToken cancellationToken)
    {
        // The SDK's transport would take the mark for a part of the message, and drop it.
        if (line.Span.StartsWith("\uFEFF"u8))
            line = line[3..];
        if (line.Span.Trim(" \t\r\n"u8).IsEmpty)
            return;
        MessageFault? fault = MessageCheck.Find(line.Span, out string? method, out bool isRequest);
        if (fault is { IsAnswered: true })
            await SendAsync(client.SendMessageAsync(fault.ToError(), cancellationToken)).ConfigureAwait(false);
        if (fault is not null)
            return;
#pragma warning disable MCP9005 // See ClientRoots.
        if (method == NotificationMethods.RootsListChangedNotification)
            changed();
#pragma warning restore MCP9005
        if (isRequest)
            Interlocked.Increment(ref _unanswered);
        await _passed.Writer.WriteAsync(line, cancellationToken).ConfigureAwait(false);
        // The last line may end with the input.
        if (line.Span[^1] != '\n')
            await _passed.Writer.WriteAsync("\n"u8.ToArray(), cancellationToken).ConfigureAwait(false);
    }
}
