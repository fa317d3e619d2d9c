using System.Text.Json;
using Blip.AI.Images;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Blip.AI;

/// <summary>Makes the tools of a conversation from services that have Blip.</summary>
public static class BlipServiceProviderExtensions
{
    private static readonly JsonSerializerOptions Json = ToolJson.With(AIJsonUtilities.DefaultOptions);

    /// <summary>
    /// The tools as functions of Microsoft.Extensions.AI, for an agent of Microsoft Agent Framework or any <see cref="IChatClient"/>
    /// with function calling.
    /// </summary>
    /// <param name="services">Services that have Blip.</param>
    /// <param name="conversation">The images that the tools know by name.</param>
    public static IReadOnlyList<AIFunction> CreateBlipFunctions(this IServiceProvider services, BlipConversation conversation)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(conversation);
        BlipTools tools = services.CreateTools(conversation);
        return
        [
            AIFunctionFactory.Create(tools.AskImageAsync, BlipTools.AskImageName, serializerOptions: Json),
            AIFunctionFactory.Create(tools.AskImageManyAsync, BlipTools.AskImageManyName, serializerOptions: Json),
            AIFunctionFactory.Create(tools.AskImagesAsync, BlipTools.AskImagesName, serializerOptions: Json),
            AIFunctionFactory.Create(tools.ChooseAnswerAsync, BlipTools.ChooseAnswerName, serializerOptions: Json),
            AIFunctionFactory.Create(tools.ListImages, BlipTools.ListImagesName, serializerOptions: Json),
        ];
    }

    /// <summary>The tools of one conversation.</summary>
    internal static BlipTools CreateTools(this IServiceProvider services, BlipConversation conversation) => new(
        services.GetRequiredService<BlipService>(),
        services.GetRequiredService<ImageSource>(),
        conversation,
        services.LoggerOf<BlipTools>());

    /// <summary>A conversation within the configured bounds.</summary>
    internal static BlipConversation CreateConversation(this IServiceProvider services) =>
        new(services.GetService<IOptions<ImageStoreOptions>>()?.Value);

    /// <summary>An application, or a kernel, need not have logging.</summary>
    internal static ILogger<T> LoggerOf<T>(this IServiceProvider services) =>
        services.GetService<ILogger<T>>() ?? NullLogger<T>.Instance;
}
