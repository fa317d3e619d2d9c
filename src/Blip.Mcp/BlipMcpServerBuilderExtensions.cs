using System.Text.Json;
using Blip.AI;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Blip.Mcp;

/// <summary>Serves the tools over the Model Context Protocol.</summary>
public static class BlipMcpServerBuilderExtensions
{
    private static readonly JsonSerializerOptions Json = ToolJson.With(McpJsonUtilities.DefaultOptions);

    /// <summary>
    /// Adds the tools to a server whose services have Blip. Failures are tool errors with the same codes. While the model loads, a client
    /// that asked for progress gets it.
    /// </summary>
    public static IMcpServerBuilder WithBlipTools(this IMcpServerBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithTools<BlipMcpTools>(Json).WithRequestFilters(filters =>
            filters.AddCallToolFilter(next => async (request, cancellationToken) =>
            {
                await LoadAsync(request, cancellationToken).ConfigureAwait(false);
                CallToolResult result = await CallAsync(next, request, cancellationToken).ConfigureAwait(false);
                if (result.StructuredContent is { ValueKind: JsonValueKind.Object } content && content.TryGetProperty("error", out _))
                    result.IsError = true;
                return result;
            }));
    }

    /// <summary>The tools report their own failures. A call that fails without a result of theirs had arguments that do not fit.</summary>
    private static async Task<CallToolResult> CallAsync(
        McpRequestHandler<CallToolRequestParams, CallToolResult> next,
        RequestContext<CallToolRequestParams> request,
        CancellationToken cancellationToken)
    {
        try
        {
            CallToolResult result = await next(request, cancellationToken).ConfigureAwait(false);
            if (result.IsError != true || result.StructuredContent is not null)
                return result;
        }
        catch (Exception exception) when (exception is ArgumentException or JsonException)
        {
            // Reported below.
        }
        ToolError error = new()
        {
            Code = BlipErrorCode.InvalidRequest,
            Message = "The arguments do not fit the tool.",
            Hint = "Give each argument of the tool's schema, in its type.",
        };
        JsonElement content = JsonSerializer.SerializeToElement(new ImageAnswer { Error = error }, ToolJson.Default.ImageAnswer);
        return new CallToolResult
        {
            IsError = true,
            StructuredContent = content,
            Content = [new TextContentBlock { Text = content.GetRawText() }],
        };
    }

    /// <summary>Waits for the model and reports the progress. A failure is left to the tool, which reports it.</summary>
    private static async Task LoadAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        if (request.Params?.ProgressToken is not { } token || request.Services?.GetService<BlipService>() is not { IsReady: false } service)
            return;
        Notifier notifier = new(request.Server, token);
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

    private sealed class Notifier(McpServer server, ProgressToken token) : IProgress<LoadProgress>
    {
        private readonly Lock _gate = new();
        private int _reports;

        /// <summary>Done when every report so far is sent, each after the one before it.</summary>
        public Task Sent { get; private set; } = Task.CompletedTask;

        public void Report(LoadProgress value)
        {
            lock (_gate)
            {
                // The protocol wants progress to grow, so reports without bytes are counted.
                float done = value.Download?.Bytes ?? ++_reports;
                string message = $"{value.Stage} {value.Model}";
                ProgressNotificationValue progress = new() { Progress = done, Total = value.Download?.Size, Message = message };
                Sent = SendAfterAsync(Sent, progress);
            }
        }

        private async Task SendAfterAsync(Task before, ProgressNotificationValue progress)
        {
            await before.ConfigureAwait(false);
            await server.NotifyProgressAsync(token, progress).ConfigureAwait(false);
        }
    }
}
