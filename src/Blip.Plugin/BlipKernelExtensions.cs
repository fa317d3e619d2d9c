using Blip.AI;
using Blip.AI.Images;
using Microsoft.SemanticKernel;

namespace Blip.Plugin;

/// <summary>Adds Blip to Semantic Kernel.</summary>
public static class BlipKernelExtensions
{
    private const string PluginName = "blip";

    /// <summary>Adds Blip to the services of a kernel that is being built: <see cref="BlipServiceCollectionExtensions.AddBlip"/>.</summary>
    /// <param name="builder">The kernel's builder.</param>
    /// <param name="configure">Sets the model's options, after the configuration.</param>
    /// <param name="configureSources">Sets where images may come from, after the configuration.</param>
    public static IKernelBuilder AddBlip(
        this IKernelBuilder builder, Action<BlipOptions>? configure = null, Action<ImageSourceOptions>? configureSources = null)
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
        BlipTools tools = kernel.Services.CreateTools(conversation ?? kernel.Services.CreateConversation());
        return kernel.ImportPluginFromObject(new BlipPlugin(tools), PluginName);
    }
}
