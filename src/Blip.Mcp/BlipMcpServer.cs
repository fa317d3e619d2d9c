using Blip.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ModelContextProtocol.Protocol;

namespace Blip.Mcp;

/// <summary>An MCP server on standard input and output, for a client that starts it as a process.</summary>
public static class BlipMcpServer
{
    /// <summary>
    /// Serves until the client disconnects. Standard output carries only the protocol; logs go to standard error. Options are bound from
    /// the environment: <c>Blip__Model</c>, <c>Blip__Sources__AllowedHosts</c>.
    /// </summary>
    /// <param name="configure">Sets the model's options, after the environment.</param>
    /// <param name="allowedFolders">Folders that may be read beside the client's roots.</param>
    /// <param name="configureServices">Adds or replaces services.</param>
    /// <param name="cancellationToken">Ends the server.</param>
    /// <exception cref="OptionsValidationException">A setting cannot be read, is out of range or unknown; the message names it.</exception>
    /// <exception cref="IOException">Standard output cannot be written, as on a full disk. A client that is gone is no error.</exception>
    public static async Task RunStdioAsync(
        Action<BlipOptions> configure,
        IReadOnlyList<string> allowedFolders,
        Action<IServiceCollection>? configureServices = null,
        CancellationToken cancellationToken = default)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddEnvironmentVariables();
        builder.Logging.AddConsole(o => o.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning)
            // It warns of the demo model by naming a setting. Here list_images has the notice, and the command names its option.
            .AddFilter(typeof(BlipService).FullName, LogLevel.Error)
            // The exception says why the server cannot start, so this log would repeat it.
            .AddFilter("Microsoft.Extensions.Hosting", LogLevel.None)
            // It logs what the client wrote, with stack traces. The client has the error, and RequestErrors logs a line.
            .AddFilter("ModelContextProtocol", LogLevel.Critical);
        builder.Services.AddBlip(
            configure, sources => sources.AllowedFolders = [.. sources.AllowedFolders, .. allowedFolders.Select(Path.GetFullPath)]);
        // There is one client, so there is one conversation.
        using BlipConversation conversation = new() { Surroundings = ToolSurroundings.Process };
        using ClientRoots roots = new(conversation);
        builder.Services.AddSingleton(conversation);
        // Without its answers a client waits for ever, so the server ends although standard input goes on.
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        IOException? lost = null;
        StdioMessages messages = new(roots.Change, roots.End, exception =>
        {
            Interlocked.CompareExchange(ref lost, exception, null);
            stop.Cancel();
        });
        Stream output = new BufferedStream(Console.OpenStandardOutput());
        builder.Services.AddMcpServer().WithStreamServerTransport(messages.Passed, output)
            .WithMessageFilters(filters => filters
                .AddIncomingFilter(messages.FilterIncoming).AddOutgoingFilter(messages.FilterOutgoing))
            .WithBlip(ToolSurroundings.Process)
            .WithRequestFilters(filters => filters.AddCallToolFilter(next => async (request, cancellation) =>
            {
                await roots.UpdateAsync(request, cancellation).ConfigureAwait(false);
                return await next(request, cancellation).ConfigureAwait(false);
            }));
        configureServices?.Invoke(builder.Services);
        using IHost host = builder.Build();
        ITransport client = host.Services.GetRequiredService<ITransport>();
        // It is not waited for: a read of standard input cannot be ended.
        _ = messages.PumpAsync(Console.OpenStandardInput(), client, stop.Token);
        await host.RunAsync(stop.Token).ConfigureAwait(false);
        if (lost is not null)
            throw new IOException($"The output cannot be written: {lost.Message.TrimEnd('.')}.", lost);
    }
}
