using Microsoft.Extensions.AI;

namespace Blip.AI.Chat;

/// <summary>Adds Blip to a chat client: images in the messages get handles, and requests carry the tools.</summary>
public static class BlipChatExtensions
{
    /// <summary>
    /// Adds Blip to a chat client's pipeline, before function calling (<c>UseBlip(...).UseFunctionInvocation()</c>): attached images get
    /// handles, and each request carries the tools.
    /// </summary>
    /// <param name="builder">The pipeline; its services have Blip.</param>
    /// <param name="conversation">The conversation that this client serves.</param>
    /// <param name="keepImages">Whether the images themselves stay in the messages, for a model that can see. False by default.</param>
    /// <param name="model">
    /// The name of a further model, as <see cref="BlipServiceProviderExtensions.CreateBlipFunctions"/> takes it.
    /// </param>
    public static ChatClientBuilder UseBlip(
        this ChatClientBuilder builder, BlipConversation conversation, bool keepImages = false, string? model = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Use((inner, services) =>
            new BlipToolsChatClient(inner, services.CreateBlipFunctions(conversation, model), conversation, keepImages));
    }
}
