using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Blip.AI.Chat;

/// <summary>The pipeline step behind <see cref="BlipChatExtensions.UseBlip"/>.</summary>
internal sealed class BlipToolsChatClient(IChatClient inner, IReadOnlyList<AIFunction> tools, BlipConversation conversation, bool keepImages) : DelegatingChatClient(inner)
{
    public override Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        base.GetResponseAsync([.. AttachedImages.Attach(messages, conversation, keepImages)], WithTools(options), cancellationToken);

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        IEnumerable<ChatMessage> attached = [.. AttachedImages.Attach(messages, conversation, keepImages)];
        await foreach (ChatResponseUpdate update in base.GetStreamingResponseAsync(attached, WithTools(options), cancellationToken).ConfigureAwait(false))
            yield return update;
    }

    private ChatOptions WithTools(ChatOptions? options)
    {
        ChatOptions copy = options?.Clone() ?? new ChatOptions();
        copy.Tools = [.. copy.Tools ?? [], .. tools.Where(tool => copy.Tools?.Any(t => t.Name == tool.Name) != true)];
        return copy;
    }
}
