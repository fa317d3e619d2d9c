using Blip.AI;
using Blip.AI.Chat;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

namespace Blip.Plugin;

/// <summary>Makes the images of a Semantic Kernel chat known to the tools.</summary>
public static class BlipChatHistoryExtensions
{
    /// <summary>
    /// Gives each image of a history a handle, and adds a line that tells the model of it. Call it before the history is sent.
    /// </summary>
    /// <param name="history">The history; changed in place.</param>
    /// <param name="conversation">The conversation whose tools the kernel has.</param>
    /// <param name="keepImages">Whether the images themselves stay, for a model that can see. False by default.</param>
    public static void AttachImages(this ChatHistory history, BlipConversation conversation, bool keepImages = false)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(conversation);
        foreach (ChatMessageContent message in history)
        {
            for (int i = 0; i < message.Items.Count; i++)
            {
                if (ReturnedImages.LineOf(message.Items[i], conversation) is not { } text)
                    continue;
                TextContent line = new(text);
                if (!keepImages)
                    message.Items[i] = line;
                else if (i + 1 < message.Items.Count && message.Items[i + 1] is TextContent next && AttachedImages.IsLine(next.Text))
                    message.Items[++i] = line;
                else
                    message.Items.Insert(++i, line);
            }
        }
    }
}
