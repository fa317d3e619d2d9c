using Blip.Plugin.Images;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;

namespace Blip.Plugin;

/// <summary>Gives Semantic Kernel, and Microsoft Agent Framework, eyes.</summary>
public static class BlipKernelExtensions
{
    private const string PluginName = "blip";

    /// <summary>Adds Blip to a kernel that is being built: <see cref="BlipServiceCollectionExtensions.AddBlip"/> on its services.</summary>
    public static IKernelBuilder AddBlip(this IKernelBuilder builder, Action<BlipOptions>? configure = null, Action<ImageSourceOptions>? configureSources = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddBlip(configure, configureSources);
        return builder;
    }

    /// <summary>Imports the tools into a kernel, for one conversation.</summary>
    /// <param name="kernel">A kernel whose services have Blip.</param>
    /// <param name="conversation">The images that the tools know by name; a new conversation where <see langword="null"/>.</param>
    /// <returns>The plugin, named <c>blip</c>.</returns>
    public static KernelPlugin ImportPluginFromBlip(this Kernel kernel, BlipConversation? conversation = null)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        return kernel.ImportPluginFromObject(kernel.Services.CreatePlugin(conversation ?? kernel.Services.CreateConversation()), PluginName);
    }

    /// <summary>The tools as functions of Microsoft.Extensions.AI, for a <c>ChatClientAgent</c> or any <see cref="IChatClient"/> with function calling.</summary>
    /// <param name="services">Services that have Blip.</param>
    /// <param name="conversation">The images that the tools know by name.</param>
    public static IReadOnlyList<AIFunction> CreateBlipFunctions(this IServiceProvider services, BlipConversation conversation)
    {
        BlipPlugin plugin = services.CreatePlugin(conversation);
        return
        [
            AIFunctionFactory.Create(plugin.AskImageAsync, "ask_image"), AIFunctionFactory.Create(plugin.AskImageManyAsync, "ask_image_many"),
            AIFunctionFactory.Create(plugin.AskImagesAsync, "ask_images"), AIFunctionFactory.Create(plugin.ListImages, "list_images"),
        ];
    }
}
