using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Blip.AI;
using Blip.AI.Images;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Blip.Mcp;

/// <summary>Serves the tools over the Model Context Protocol.</summary>
public static class BlipMcpServerBuilderExtensions
{
    /// <summary>
    /// Adds the tools to a server whose services have Blip. Failures are tool errors with the same codes. While the model loads, a client
    /// that asked for progress gets it.
    /// </summary>
    public static IMcpServerBuilder WithBlipTools(this IMcpServerBuilder builder) => builder.WithBlipTools(ToolSurroundings.Chat);

    /// <summary>
    /// Makes the server Blip's own: the tools, the images as resources, and what it says of itself, as far as the application says nothing
    /// else.
    /// </summary>
    internal static IMcpServerBuilder WithBlip(this IMcpServerBuilder builder, ToolSurroundings surroundings)
    {
        builder.Services.AddOptions<McpServerOptions>().PostConfigure<ImageSource>((options, source) =>
        {
            options.ServerInfo ??= new Implementation { Name = "blip", Title = "Blip", Version = Version };
            options.ServerInstructions ??= new ToolTexts(surroundings, source).Instructions;
            ImageResources.AddTo(options.Handlers);
        });
        return builder.WithMessageFilters(filters => filters.AddOutgoingFilter(WithoutServerInfo)).WithBlipTools(surroundings);
    }

    /// <summary>
    /// Takes the server's name out of the results of tools, where the SDK repeats it: some clients hand their model the whole result.
    /// </summary>
    private static McpMessageHandler WithoutServerInfo(McpMessageHandler next) => (context, cancellationToken) =>
    {
        if (context.JsonRpcMessage is JsonRpcResponse { Result: JsonObject result } && result.ContainsKey("content")
            && result["_meta"] is JsonObject meta && meta.Remove("io.modelcontextprotocol/serverInfo") && meta.Count == 0)
            result.Remove("_meta");
        return next(context, cancellationToken);
    };

    private static string Version { get; } =
        typeof(BlipMcpServer).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    private static IMcpServerBuilder WithBlipTools(this IMcpServerBuilder builder, ToolSurroundings surroundings)
    {
        ArgumentNullException.ThrowIfNull(builder);
        BlipMcpTools.AddTo(builder.Services, surroundings);
        return builder
            .WithMessageFilters(filters => filters.AddIncomingFilter(RequestErrors.Filter))
            .WithRequestFilters(filters => filters
                .AddListToolsFilter(next => async (request, cancellationToken) =>
                {
                    // Pages are there only where the application lists tools of its own.
                    if (request.Server.ServerOptions.Handlers.ListToolsHandler is null)
                        RefuseCursor(request.Params?.Cursor);
                    ListToolsResult list = await next(request, cancellationToken).ConfigureAwait(false);
                    if (request.Services is { } services)
                        list.Tools = [.. list.Tools.Where(tool => services.OffersTool(tool.Name))];
                    return list;
                })
                .AddCallToolFilter(next => (request, cancellationToken) => BlipMcpTools.Has(request.Params?.Name)
                    ? CallAsync(next, request, cancellationToken)
                    : CallOtherAsync(next, request, cancellationToken)));
    }

    /// <exception cref="McpProtocolException">A list of one page is asked for another, which would be taken for an empty one.</exception>
    internal static void RefuseCursor(string? cursor)
    {
        if (cursor is not null)
            throw new McpProtocolException("'cursor' is unknown: the list has one page. Leave it out.", McpErrorCode.InvalidParams);
    }

    private static async ValueTask<CallToolResult> CallAsync(
        McpRequestHandler<CallToolRequestParams, CallToolResult> next,
        RequestContext<CallToolRequestParams> request,
        CancellationToken cancellationToken)
    {
        try
        {
            IDictionary<string, JsonElement> arguments = request.Params!.Arguments ??= new Dictionary<string, JsonElement>();
            ToolArguments.ReadImages(arguments);
            if (request.MatchedPrimitive is McpServerTool { ProtocolTool.InputSchema: var schema }
                && ToolArguments.FindFault(schema, arguments) is { } fault)
                return Unfit(fault);
            ToolArguments.LeaveOutNulls(arguments);
            await LoadAsync(request, cancellationToken).ConfigureAwait(false);
            return await next(request, cancellationToken).ConfigureAwait(false);
        }
        // The tools report their own failures, so the arguments could not be read.
        catch (Exception exception) when (exception is ArgumentException or JsonException or InvalidOperationException)
        {
            return Unfit("An argument is not valid Unicode: it has half of a surrogate pair. Send whole characters.");
        }
    }

    private static async ValueTask<CallToolResult> CallOtherAsync(
        McpRequestHandler<CallToolRequestParams, CallToolResult> next,
        RequestContext<CallToolRequestParams> request,
        CancellationToken cancellationToken)
    {
        try
        {
            return await next(request, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or McpException or InputRequiredException))
        {
            RequestErrors.ToolFailed(request.Services, request.Params?.Name ?? "", exception);
            throw;
        }
    }

    private static CallToolResult Unfit(string message)
    {
        ToolError error = new() { Code = BlipErrorCode.InvalidRequest, Message = message };
        return BlipMcpTools.Result(new ImageAnswer { Error = error }, error);
    }

    /// <summary>Waits for the model and reports the progress. A failure is left to the tool, which reports it.</summary>
    private static async Task LoadAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        if (request.Params?.ProgressToken is not { } token || request.Services?.GetService<BlipService>() is not { IsReady: false } service)
            return;
        LoadNotifier notifier = new(request.Server, token);
        try
        {
            await service.GetModelAsync(notifier, cancellationToken).ConfigureAwait(false);
        }
        catch (BlipException)
        {
            // The tool gets the same failure and reports it.
        }
        // The notifications are sent before the result.
        await notifier.Sent.ConfigureAwait(false);
    }
}
