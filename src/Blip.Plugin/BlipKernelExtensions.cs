using Blip.AI;
using Blip.AI.Images;
using Microsoft.SemanticKernel;

namespace Blip.Plugin;

/// <summary>Adds Blip to Semantic Kernel.</summary>
public static class BlipKernelExtensions
{
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

    /// <summary>
    /// Imports the tools into a kernel, for one conversation. Images that other functions return to a model get handles too. Another
    /// import under the same name takes the place of this one.
    /// </summary>
    /// <param name="kernel">A kernel whose services have Blip.</param>
    /// <param name="conversation">The images that the tools know by name; a new conversation where <see langword="null"/>.</param>
    /// <param name="pluginName">The plugin's name.</param>
    /// <returns>The plugin.</returns>
    public static KernelPlugin ImportPluginFromBlip(this Kernel kernel, BlipConversation? conversation = null, string pluginName = "blip")
    {
        ArgumentNullException.ThrowIfNull(kernel);
        conversation ??= kernel.Services.CreateConversation();
        if (kernel.Plugins.TryGetPlugin(pluginName, out KernelPlugin? earlier))
            kernel.Plugins.Remove(earlier);
        foreach (IAutoFunctionInvocationFilter filter in kernel.AutoFunctionInvocationFilters.Where(f => f is ReturnedImages).ToArray())
            kernel.AutoFunctionInvocationFilters.Remove(filter);
        kernel.AutoFunctionInvocationFilters.Add(new ReturnedImages(conversation));
        return kernel.ImportPluginFromObject(new BlipPlugin(kernel.Services.CreateTools(conversation)), pluginName);
    }
}
