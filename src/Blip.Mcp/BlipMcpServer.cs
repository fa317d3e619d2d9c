using Blip.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Blip.Mcp;

/// <summary>An MCP server on standard input and output, for a client that starts it as a process.</summary>
public static class BlipMcpServer
{
    private static readonly TimeSpan RootsLimit = TimeSpan.FromSeconds(5);

    private const string Instructions =
        "Answers short questions about images. Give an image as a file under your roots, as a data URI, or by its short name; "
        + "ask several small questions rather than one big one.";

    /// <summary>Serves until the client disconnects. Standard output carries the protocol alone; logs go to standard error.</summary>
    /// <param name="configure">Sets the model's options.</param>
    /// <param name="allowedFolders">Folders that may be read beside the client's roots.</param>
    /// <param name="cancellationToken">Ends the server.</param>
    public static async Task RunStdioAsync(
        Action<BlipOptions> configure, IReadOnlyList<string> allowedFolders, CancellationToken cancellationToken)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddConsole(o => o.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning)
            // It warns of the demo model by naming a setting. Here list_images has the notice, and the command names its option.
            .AddFilter(typeof(BlipService).FullName, LogLevel.Error);
        builder.Services.AddBlip(
            configure, sources => sources.AllowedFolders = [.. sources.AllowedFolders, .. allowedFolders.Select(Path.GetFullPath)]);
        // There is one client, so there is one conversation.
        builder.Services.AddSingleton(new BlipConversation());
        builder.Services.AddMcpServer(o => o.ServerInstructions = Instructions).WithStdioServerTransport().WithBlipTools()
            .WithRequestFilters(filters => filters.AddCallToolFilter(next => async (request, cancellation) =>
            {
                await AllowRootsAsync(request, cancellation).ConfigureAwait(false);
                return await next(request, cancellation).ConfigureAwait(false);
            }));
        using IHost host = builder.Build();
        await host.RunAsync(cancellationToken).ConfigureAwait(false);
    }

    private static async Task AllowRootsAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        BlipConversation? conversation = request.Services?.GetService<BlipConversation>();
#pragma warning disable MCP9005 // The SDK marks roots obsolete, but clients still send them: they say which folders the user opened.
        if (conversation is null || request.Server.ClientCapabilities?.Roots is null)
            return;
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(RootsLimit);
        try
        {
            ListRootsResult roots = await request.Server.RequestRootsAsync(new ListRootsRequestParams(), limit.Token).ConfigureAwait(false);
            conversation.AllowedFolders = [.. roots.Roots.Select(r => r.Uri)];
        }
        catch (Exception exception)
            when (exception is McpException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // A client that fails to name its roots has opened none. Handles and allowed folders still work.
        }
#pragma warning restore MCP9005
    }
}
