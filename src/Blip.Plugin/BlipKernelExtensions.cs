using Blip.AI;
using Blip.AI.Images;
using Microsoft.SemanticKernel;

namespace Blip.Plugin;

/// <summary>Adds Blip to Semantic Kernel.</summary>
public static class BlipKernelExtensions
{
    /// <summary>Adds Blip to the services of a kernel that is being built, as <c>services.AddBlip</c> does.</summary>
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

    /// <summary>Adds a further model to the services of a kernel that is being built, under a name.</summary>
    /// <param name="builder">The kernel's builder.</param>
    /// <param name="name">The key of its services, and its section <c>Blip:Models:NAME</c>.</param>
    /// <param name="configure">Sets this model's options, after the configuration.</param>
    /// <exception cref="ArgumentException">The name cannot be one.</exception>
    public static IKernelBuilder AddBlip(this IKernelBuilder builder, string name, Action<BlipOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddBlip(name, configure);
        return builder;
    }

    /// <summary>
    /// Imports the tools into a kernel, for one conversation. Images that other functions return to a model get handles too. Another import
    /// with the same name replaces this one.
    /// </summary>
    /// <param name="kernel">A kernel whose services have Blip.</param>
    /// <param name="conversation">The images that the tools know by name; a new conversation where <see langword="null"/>.</param>
    /// <param name="pluginName">The plugin's name; <c>blip</c>, or with a model's name <c>blip_NAME</c>, by default.</param>
    /// <param name="model">The name of a further model; the one without a name by default.</param>
    /// <returns>The plugin.</returns>
    /// <exception cref="InvalidOperationException">No model has that name.</exception>
    /// <example><code>
    /// using Microsoft.SemanticKernel.ChatCompletion;
    ///
    /// IKernelBuilder builder = Kernel.CreateBuilder();
    /// builder.AddBlip();
    /// Kernel kernel = builder.Build();
    /// BlipConversation conversation = new();
    /// kernel.ImportPluginFromBlip(conversation);
    /// ChatHistory history = [];
    /// history.AttachImages(conversation);
    /// </code></example>
    public static KernelPlugin ImportPluginFromBlip(
        this Kernel kernel, BlipConversation? conversation = null, string? pluginName = null, string? model = null)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        pluginName ??= model is null ? "blip" : "blip_" + ModelName.ForTools(model);
        conversation ??= kernel.Services.CreateConversation();
        if (kernel.Plugins.TryGetPlugin(pluginName, out KernelPlugin? earlier))
            kernel.Plugins.Remove(earlier);
        foreach (IAutoFunctionInvocationFilter filter in kernel.AutoFunctionInvocationFilters.Where(f => f is ReturnedImages).ToArray())
            kernel.AutoFunctionInvocationFilters.Remove(filter);
        kernel.AutoFunctionInvocationFilters.Add(new ReturnedImages(conversation));
        KernelPlugin all = KernelPluginFactory.CreateFromObject(
            new BlipPlugin(kernel.Services.CreateTools(conversation, model)), pluginName);
        KernelPlugin plugin = KernelPluginFactory.CreateFromFunctions(
            pluginName, all.Where(function => kernel.Services.OffersTool(function.Name, model)));
        kernel.Plugins.Add(plugin);
        return plugin;
    }
}
