using Microsoft.Extensions.AI;

namespace Blip.AI.Chat;

/// <summary>The pipeline step behind <see cref="BlipChatExtensions.UseBlip"/>.</summary>
internal sealed class BlipToolsChatClient(
    IChatClient inner, IReadOnlyList<AIFunction> tools, BlipConversation conversation, bool keepImages) : DelegatingChatClient(inner)
{
    public override Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        base.GetResponseAsync(Attach(messages), WithTools(options), cancellationToken);

    public override IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        base.GetStreamingResponseAsync(Attach(messages), WithTools(options), cancellationToken);

    private ChatMessage[] Attach(IEnumerable<ChatMessage> messages) => [.. AttachedImages.Attach(messages, conversation, keepImages)];

    private ChatOptions WithTools(ChatOptions? options)
    {
        ChatOptions copy = options?.Clone() ?? new ChatOptions();
        AITool[] own = [.. tools.Where(tool => copy.Tools?.Any(t => t.Name == tool.Name) != true)];
        copy.Tools = [.. (copy.Tools ?? []).Select(tool => tool is AIFunction and not AttachingFunction && !tools.Contains(tool)
            ? new AttachingFunction((AIFunction)tool, conversation, keepImages) : tool), .. own];
        return copy;
    }
}
