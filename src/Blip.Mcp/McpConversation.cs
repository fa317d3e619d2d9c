using Blip.AI;

namespace Blip.Mcp;

/// <summary>The conversation of a call over MCP. An agent of the same application may have another.</summary>
/// <param name="Conversation">It belongs to whoever made it.</param>
internal sealed record McpConversation(BlipConversation Conversation);
