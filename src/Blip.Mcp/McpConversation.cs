using Blip.AI;

namespace Blip.Mcp;

/// <summary>What a call over MCP works with. An agent of the same application may have another conversation.</summary>
/// <param name="Conversation">It belongs to whoever made it.</param>
/// <param name="Tools">The tools of this conversation.</param>
internal sealed record McpConversation(BlipConversation Conversation, BlipTools Tools)
{
    public static McpConversation Of(IServiceProvider services, BlipConversation conversation) =>
        new(conversation, services.CreateTools(conversation));
}
