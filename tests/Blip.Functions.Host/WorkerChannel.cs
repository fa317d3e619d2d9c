using System.Collections.Concurrent;
using System.Threading.Channels;
using Blip.Functions.Host.Rpc;
using Grpc.Core;

namespace Blip.Functions.Host;

/// <summary>The stream between the host and the worker: sends requests, and finds the reply to each of them.</summary>
internal sealed class WorkerChannel : FunctionRpc.FunctionRpcBase
{
    private readonly Channel<StreamingMessage> _out = Channel.CreateUnbounded<StreamingMessage>();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<StreamingMessage>> _waiting = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the worker logged.</summary>
    public ConcurrentQueue<string> Logs { get; } = [];

    /// <summary>Ends when the worker has opened the stream.</summary>
    public Task Started => _started.Task;

    public override async Task EventStream(
        IAsyncStreamReader<StreamingMessage> requestStream,
        IServerStreamWriter<StreamingMessage> responseStream,
        ServerCallContext context)
    {
        Task writing = WriteAsync(responseStream, context.CancellationToken);
        try
        {
            await foreach (StreamingMessage message in requestStream.ReadAllAsync(context.CancellationToken))
                Receive(message);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // The worker ended.
        }
        foreach (TaskCompletionSource<StreamingMessage> waiting in _waiting.Values)
            waiting.TrySetException(new IOException("The worker ended."));
        _out.Writer.TryComplete();
        await writing;
    }

    public async Task<StreamingMessage> AskAsync(
        string key, StreamingMessage message, TimeSpan limit, CancellationToken cancellationToken = default)
    {
        TaskCompletionSource<StreamingMessage> reply = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[key] = reply;
        try
        {
            if (!_out.Writer.TryWrite(message))
                throw new IOException("The worker ended.");
            return await reply.Task.WaitAsync(limit, cancellationToken);
        }
        finally
        {
            _waiting.TryRemove(key, out _);
        }
    }

    public void Send(StreamingMessage message) => _out.Writer.TryWrite(message);

    private void Receive(StreamingMessage message)
    {
        string? key = message.ContentCase switch
        {
            StreamingMessage.ContentOneofCase.WorkerInitResponse => "init",
            StreamingMessage.ContentOneofCase.FunctionMetadataResponse => "metadata",
            StreamingMessage.ContentOneofCase.FunctionLoadResponse => message.FunctionLoadResponse.FunctionId,
            StreamingMessage.ContentOneofCase.InvocationResponse => message.InvocationResponse.InvocationId,
            _ => null,
        };
        if (key is not null && _waiting.TryGetValue(key, out TaskCompletionSource<StreamingMessage>? waiting))
            waiting.TrySetResult(message);
        else if (message.ContentCase == StreamingMessage.ContentOneofCase.StartStream)
            _started.TrySetResult();
        else if (message.ContentCase == StreamingMessage.ContentOneofCase.RpcLog)
            Logs.Enqueue(message.RpcLog.Message);
    }

    private async Task WriteAsync(IServerStreamWriter<StreamingMessage> stream, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (StreamingMessage message in _out.Reader.ReadAllAsync(cancellationToken))
                await stream.WriteAsync(message, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The worker ended.
        }
    }
}
