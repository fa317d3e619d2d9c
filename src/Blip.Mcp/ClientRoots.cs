using System.Text.Json;
using Blip.AI;
using Blip.AI.Images;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Blip.Mcp;

/// <summary>
/// The folders that a client has opened, its roots. It is asked for them when a file is first named, and again when it says that they have
/// changed. Thread-safe.
/// </summary>
/// <param name="conversation">May read them.</param>
internal sealed class ClientRoots(BlipConversation conversation) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private int _changes = 1;
    private int _known;

    /// <summary>The client says that they have changed.</summary>
    public void Change() => Interlocked.Increment(ref _changes);

    /// <summary>Asks for them, where a call needs them and they are not known.</summary>
    public async Task UpdateAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
#pragma warning disable MCP9005 // The SDK marks roots obsolete, but clients still send them: they say which folders the user opened.
        if (request.Server.ClientCapabilities?.Roots is null || !NamesFile(request.Params?.Arguments))
            return;
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            int changes = Volatile.Read(ref _changes);
            if (_known == changes)
                return;
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Limit);
            try
            {
                ListRootsResult roots =
                    await request.Server.RequestRootsAsync(new ListRootsRequestParams(), limit.Token).ConfigureAwait(false);
                conversation.AllowedFolders = [.. roots.Roots.Select(r => r.Uri)];
            }
            catch (Exception exception)
                when (exception is McpException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                // A client that fails to name its roots has opened none. Handles and allowed folders still work.
                conversation.AllowedFolders = [];
            }
            _known = changes;
        }
        finally
        {
            _gate.Release();
        }
#pragma warning restore MCP9005
    }

    public void Dispose() => _gate.Dispose();

    private static bool NamesFile(IDictionary<string, JsonElement>? arguments)
    {
        if (arguments is null
            || (!arguments.TryGetValue("images", out JsonElement images) && !arguments.TryGetValue("image", out images)))
            return false;
        return images.ValueKind == JsonValueKind.Array ? images.EnumerateArray().Any(IsFile) : IsFile(images);

        static bool IsFile(JsonElement image) =>
            image.ValueKind == JsonValueKind.String && ImageSource.NeedsFolders(image.GetString()!);
    }
}
