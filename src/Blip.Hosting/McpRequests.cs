using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Blip.Mcp;
using Microsoft.AspNetCore.Http;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Blip.Hosting;

/// <summary>
/// Checks a message before the MCP server reads it, which reports what is wrong with it as its own error, or without a reason.
/// </summary>
internal static class McpRequests
{
    private const string Initialize = "initialize";

    private static readonly JsonTypeInfo<JsonRpcMessage> Message =
        (JsonTypeInfo<JsonRpcMessage>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage));

    /// <summary>Answers one request to the MCP server.</summary>
    /// <param name="context">The request.</param>
    /// <param name="next">The MCP server.</param>
    /// <param name="limit">The largest body, in bytes.</param>
    public static async Task HandleAsync(HttpContext context, RequestDelegate next, int limit)
    {
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            await next(context).ConfigureAwait(false);
            return;
        }
        Bodies.RequireJson(context.Request);
        // The server would copy an image several times.
        byte[] body = await Bodies.ReadTextAsync(context.Request, limit).ConfigureAwait(false);
        // The server skips one byte order mark.
        int begin = body.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
        MessageFault? fault = MessageCheck.Find(body.AsSpan(begin), out string? method, out _);
        if (method is null or Initialize)
            fault ??= FindUnread(body);
        if (fault is not null)
        {
            await WriteAsync(context, fault).ConfigureAwait(false);
            return;
        }
        (context.Request.Body, context.Request.ContentLength) = (new MemoryStream(body, writable: false), body.Length);
        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch (JsonException) when (!context.Response.HasStarted)
        {
            // It reads the params of 'initialize' before any of its filters.
            context.Response.Clear();
            RequestId id = JsonSerializer.Deserialize(body, Message) is JsonRpcMessageWithId { Id: var given } ? given : default;
            MessageFault unfit = new(McpErrorCode.InvalidParams, "The params do not fit the method.") { Id = id };
            await WriteAsync(context, unfit).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Finds what is wrong with that which the server reads before any of its filters: the params of <c>initialize</c>, and a response, of
    /// which it would tell its own types.
    /// </summary>
    private static MessageFault? FindUnread(ReadOnlySpan<byte> message)
    {
        if (message.StartsWith("\uFEFF"u8))
            message = message[3..];
        try
        {
            return JsonSerializer.Deserialize(message, Message) is JsonRpcRequest request && ParamsCheck.Find(request) is { } fault
                ? new MessageFault(McpErrorCode.InvalidParams, fault) { Id = request.Id }
                : null;
        }
        catch (JsonException)
        {
            return new MessageFault(McpErrorCode.InvalidRequest, "The message is not a valid JSON-RPC message.");
        }
    }

    private static Task WriteAsync(HttpContext context, MessageFault fault)
    {
        // A client takes another status for a broken connection, and does not read the error that answers its request.
        context.Response.StatusCode = fault.Id.Id is null ? StatusCodes.Status400BadRequest : StatusCodes.Status200OK;
        return context.Response.WriteAsJsonAsync(fault.ToError(), Message, cancellationToken: context.RequestAborted);
    }
}
