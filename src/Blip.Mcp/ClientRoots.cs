using System.Diagnostics;
using System.Text.Json;
using Blip.AI;
using Blip.AI.Images;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Blip.Mcp;

/// <summary>
/// The folders that a client has opened, its roots. It is asked for them when a call needs them for the first time, and again when it says
/// that they have changed. Thread-safe.
/// </summary>
/// <param name="conversation">May read them.</param>
internal sealed class ClientRoots(BlipConversation conversation) : IDisposable
{
    /// <summary>How long a call that names a file waits, from the moment when the client was asked.</summary>
    private static readonly TimeSpan FileLimit = TimeSpan.FromSeconds(5);

    /// <summary>How long a list waits: without the roots it still says something.</summary>
    private static readonly TimeSpan ListLimit = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _end = new();
    private int _changes = 1;
    private int _asked;
    private long _begin;
    private Task? _asking;

    /// <summary>The client says that they have changed.</summary>
    public void Change() => Interlocked.Increment(ref _changes);

    /// <summary>The client does not answer any more.</summary>
    public void End() => _end.Cancel();

    /// <summary>Asks for them, where a call needs them and they are not known.</summary>
    public async Task UpdateAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
#pragma warning disable MCP9005 // The SDK marks roots obsolete, but clients still send them: they say which folders the user opened.
        if (request.Server.ClientCapabilities?.Roots is null)
            return;
#pragma warning restore MCP9005
        bool isList = request.Params?.Name == BlipTools.ListImagesName;
        if (!isList && !await NeedsRootsAsync(request, cancellationToken).ConfigureAwait(false))
            return;
        Task asking;
        TimeSpan rest;
        lock (_gate)
        {
            int changes = Volatile.Read(ref _changes);
            // If it failed, the answer to its call asks in another way.
            if (_asking is null or { IsFaulted: true } || _asked != changes)
            {
                conversation.AllowedFolders = [];
                (_asked, _begin) = (changes, Stopwatch.GetTimestamp());
                _asking = AskAsync(request.Server, changes);
            }
            asking = _asking;
            rest = (isList ? ListLimit : FileLimit) - Stopwatch.GetElapsedTime(_begin);
        }
        try
        {
            await asking.WaitAsync(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Handles and allowed folders still work, and the roots may come later.
        }
    }

    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
    }

    private async Task AskAsync(McpServer server, int changes)
    {
        try
        {
#pragma warning disable MCP9005
            ListRootsResult roots = await server.RequestRootsAsync(new ListRootsRequestParams(), _end.Token).ConfigureAwait(false);
#pragma warning restore MCP9005
            lock (_gate)
            {
                if (_asked == changes)
                    conversation.AllowedFolders = [.. roots.Roots.Select(r => r.Uri)];
            }
        }
        catch (Exception exception) when (exception is McpException or OperationCanceledException or IOException)
        {
            // A client that fails to name its roots has opened none.
        }
    }

    /// <summary>Whether a file is named that cannot be read without them.</summary>
    private static async Task<bool> NeedsRootsAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        ImageSource source = request.Services!.GetRequiredService<ImageSource>();
        foreach (string image in NamedFiles(request.Params?.Arguments))
        {
            if (!await source.HasFileAsync(image, cancellationToken).ConfigureAwait(false))
                return true;
        }
        return false;
    }

    private static IEnumerable<string> NamedFiles(IDictionary<string, JsonElement>? arguments)
    {
        if (arguments is null
            || (!arguments.TryGetValue("images", out JsonElement images) && !arguments.TryGetValue("image", out images)))
            return [];
        IEnumerable<JsonElement> all = images.ValueKind == JsonValueKind.Array ? images.EnumerateArray() : [images];
        return all.Where(image => image.ValueKind == JsonValueKind.String).Select(image => image.GetString()!)
            .Where(ImageSource.NeedsFolders);
    }
}
