using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Blip.Mcp;

/// <summary>
/// A filter around all requests of a server: a caller's mistake is returned as such, and is one line in the log; a failure of the server is
/// an error there.
/// </summary>
internal static partial class RequestErrors
{
    /// <summary>The category of the log.</summary>
    public const string Category = "Blip.Mcp";

    private const int MaxMessageLength = 200;

    public static McpMessageHandler Filter(McpMessageHandler next) => async (context, cancellationToken) =>
    {
        if (context.JsonRpcMessage is not JsonRpcRequest request)
        {
            await next(context, cancellationToken).ConfigureAwait(false);
            return;
        }
        try
        {
            if (ParamsCheck.Find(request) is { } fault)
                throw new McpProtocolException(fault, McpErrorCode.InvalidParams);
            await next(context, cancellationToken).ConfigureAwait(false);
        }
        catch (McpProtocolException exception)
        {
            string message = PlainText.Of(exception.Message, MaxMessageLength);
            Refused(LoggerOf(context), PlainText.Of(request.Method), (int)exception.ErrorCode, message);
            if (message == exception.Message)
                throw;
            throw new McpProtocolException(message, exception.ErrorCode);
        }
        catch (JsonException)
        {
            string method = PlainText.Of(request.Method);
            const string Message = "The params do not fit the method.";
            Refused(LoggerOf(context), method, (int)McpErrorCode.InvalidParams, Message);
            throw new McpProtocolException(Message, McpErrorCode.InvalidParams);
        }
        // What the SDK asks of its client it says by an exception of its own.
        catch (Exception exception) when (exception is not (OperationCanceledException or McpException or InputRequiredException))
        {
            Failed(LoggerOf(context), PlainText.Of(request.Method), exception);
            throw new McpProtocolException(
                "The request failed. The server's operator finds the reason in the log.", McpErrorCode.InternalError);
        }
    };

    /// <summary>A failed call of a tool that is not Blip's, which the SDK would report with what the caller wrote.</summary>
    public static void ToolFailed(IServiceProvider? services, string tool, Exception exception) =>
        Failed(LoggerOf(services), PlainText.Of(tool), exception);

    private static ILogger LoggerOf(MessageContext context) => LoggerOf(context.Services ?? context.Server.Services);

    private static ILogger LoggerOf(IServiceProvider? services) =>
        services?.GetService<ILoggerFactory>()?.CreateLogger(Category) ?? NullLogger.Instance;

    [LoggerMessage(350, LogLevel.Warning, "The MCP request '{Method}' was refused ({Code}): {Message}")]
    private static partial void Refused(ILogger logger, string method, int code, string message);

    [LoggerMessage(351, LogLevel.Error, "The MCP request '{Method}' failed.")]
    private static partial void Failed(ILogger logger, string method, Exception exception);
}
