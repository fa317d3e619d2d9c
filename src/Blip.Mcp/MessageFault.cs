using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Blip.Mcp;

/// <summary>What is wrong with a message of JSON-RPC.</summary>
/// <param name="Code">The code of the error.</param>
/// <param name="Message">What is wrong, and what to send.</param>
internal sealed record MessageFault(McpErrorCode Code, string Message)
{
    /// <summary>The id of the request; without one where it is not known.</summary>
    public RequestId Id { get; init; }

    /// <summary>Whether the sender waits for an answer: a notification and a response get none.</summary>
    public bool IsAnswered { get; init; } = true;

    public JsonRpcError ToError() => new() { Id = Id, Error = new JsonRpcErrorDetail { Code = (int)Code, Message = Message } };
}
