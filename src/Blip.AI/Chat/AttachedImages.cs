using Microsoft.Extensions.AI;

namespace Blip.AI.Chat;

/// <summary>
/// Gives the images that a user attached to a chat a short handle, and adds one line that tells the model of it. No connector passes an
/// attached image to a tool by itself.
/// </summary>
internal static class AttachedImages
{
    /// <summary>The line that tells the model of an attached image.</summary>
    public static string Line(string handle) =>
        $"[The user attached an image: {handle}. Use the tools ask_image and ask_image_many to look at it.]";

    /// <summary>The messages with a line for each image, which itself is left out unless <paramref name="keepImages"/> is set.</summary>
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

    private static bool IsImage(AIContent content) =>
        (content is DataContent data && data.HasTopLevelMediaType("image"))
        || (content is UriContent uri && uri.HasTopLevelMediaType("image"));

    private static IEnumerable<AIContent> Replace(AIContent content, BlipConversation conversation, bool keepImages)
    {
        // An image with an address needs no handle: the tools take the address, where the operator allowed its host.
        string? handle = !IsImage(content) ? null
            : content is DataContent data ? conversation.Attach(data.Data.Span)
            : ((UriContent)content).Uri.ToString();
        if (handle is null || keepImages)
            yield return content;
        if (handle is not null)
            yield return new TextContent(Line(handle));
    }
}
