using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

namespace Blip.Plugin.Chat;

/// <summary>
/// Makes images that a user attached to a chat known to the tools: each gets a short handle and one line that tells the model of it. No
/// connector passes an attached image to a tool by itself.
/// </summary>
internal static class AttachedImages
{
    private static string Line(string handle) => $"[The user attached an image: {handle}. Use the tools ask_image and ask_image_many to look at it.]";

    /// <summary>The messages with a line for each image, which is itself left out unless the model can see.</summary>
    public static IEnumerable<ChatMessage> Attach(IEnumerable<ChatMessage> messages, BlipConversation conversation, bool keepImages)
    {
        foreach (ChatMessage message in messages)
        {
            if (!message.Contents.Any(IsImage))
            {
                yield return message;
                continue;
            }
            ChatMessage copy = message.Clone();
            copy.Contents = [.. message.Contents.SelectMany(content => Replace(content, conversation, keepImages))];
            yield return copy;
        }
    }

    /// <summary>The same for a history of Semantic Kernel, in place.</summary>
    public static void Attach(ChatHistory history, BlipConversation conversation, bool keepImages)
    {
        foreach (ChatMessageContent message in history)
        {
            for (int i = message.Items.Count - 1; i >= 0; i--)
            {
                if (message.Items[i] is not ImageContent { Data: { Length: > 0 } data } || conversation.Attach(data.Span) is not { } handle)
                    continue;
                Microsoft.SemanticKernel.TextContent line = new(Line(handle));
                if (!keepImages)
                    message.Items[i] = line;
                else if (i + 1 >= message.Items.Count || message.Items[i + 1] is not Microsoft.SemanticKernel.TextContent { Text: { } text } || text != line.Text)
                    message.Items.Insert(i + 1, line);
            }
        }
    }

    private static bool IsImage(AIContent content) => content is DataContent data && data.HasTopLevelMediaType("image") || content is UriContent uri && uri.HasTopLevelMediaType("image");

    private static IEnumerable<AIContent> Replace(AIContent content, BlipConversation conversation, bool keepImages)
    {
        // An image that has an address needs no handle: the tools take the address, where the operator allowed its host.
        string? handle = !IsImage(content) ? null : content is DataContent data ? conversation.Attach(data.Data.Span) : ((UriContent)content).Uri.ToString();
        if (handle is null || keepImages)
            yield return content;
        if (handle is not null)
            yield return new Microsoft.Extensions.AI.TextContent(Line(handle));
    }
}
