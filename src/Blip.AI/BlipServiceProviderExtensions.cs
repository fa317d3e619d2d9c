using System.Text.Json;
using Blip.AI.Images;
using Blip.AI.Searching;
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
    /// with function calling. A result is text: one line of JSON.
    /// </summary>
    /// <param name="services">Services that have Blip.</param>
    /// <param name="conversation">The images that the tools know by name.</param>
    /// <param name="model">
    /// The name of a further model, which begins the names of its tools: <c>large_ask_image</c>. The one without a name by default.
    /// </param>
    /// <exception cref="InvalidOperationException">No model has that name.</exception>
    public static IReadOnlyList<AIFunction> CreateBlipFunctions(
        this IServiceProvider services, BlipConversation conversation, string? model = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(conversation);
        BlipTools tools = services.CreateTools(conversation, model);
        string start = model is null ? "" : ModelName.ForTools(model) + "_";
        AIFunction[] functions =
        [
            Create(tools.AskImageAsync, BlipTools.AskImageName),
            Create(tools.AskImageManyAsync, BlipTools.AskImageManyName),
            Create(tools.AskImagesAsync, BlipTools.AskImagesName),
            Create(tools.ChooseAnswerAsync, BlipTools.ChooseAnswerName),
            Create(tools.ScoreImageAsync, BlipTools.ScoreImageName),
            Create(tools.DescribeImageAsync, BlipTools.DescribeImageName),
            Create(tools.MatchImagesAsync, BlipTools.MatchImagesName),
            Create(tools.SearchImagesAsync, BlipTools.SearchImagesName),
            Create(tools.ListImages, BlipTools.ListImagesName),
        ];
        return [.. functions.Where(function => services.OffersTool(function.Name[start.Length..], model))];

        // As text, because clients write any other value as JSON of several lines.
        AIFunction Create(Delegate method, string name) => AIFunctionFactory.Create(method, new AIFunctionFactoryOptions
        {
            Name = start + name,
            SerializerOptions = Json,
            MarshalResult = (result, _, _) => ValueTask.FromResult<object?>(
                result is null ? null : JsonSerializer.Serialize(result, Json.GetTypeInfo(result.GetType()))),
        });
    }

    /// <summary>The tools of one conversation.</summary>
    internal static BlipTools CreateTools(this IServiceProvider services, BlipConversation conversation, string? model = null) => new(
        services.GetBlipService(model),
        services.GetRequiredService<ImageSource>(),
        conversation,
        services.LoggerOf<BlipTools>(),
        services.GetService<BlipCaptionService>(),
        services.GetService<BlipMatchService>(),
        services.GetService<IImageSearch>());

    /// <summary>Whether there is a model for a tool. Models with a name have the tools that ask.</summary>
    internal static bool OffersTool(this IServiceProvider services, string tool, string? model = null) => tool switch
    {
        BlipTools.DescribeImageName => model is null && services.GetService<BlipCaptionService>() is { IsConfigured: true },
        BlipTools.MatchImagesName => model is null && services.GetService<BlipMatchService>() is { IsConfigured: true },
        BlipTools.SearchImagesName => model is null && services.GetService<IImageSearch>() is { IsConfigured: true },
        _ => true,
    };

    /// <summary>A conversation within the configured bounds.</summary>
    internal static BlipConversation CreateConversation(this IServiceProvider services) =>
        new(services.GetService<IOptions<ImageStoreOptions>>()?.Value);

    /// <summary>An application, or a kernel, need not have logging.</summary>
    internal static ILogger<T> LoggerOf<T>(this IServiceProvider services) =>
        services.GetService<ILogger<T>>() ?? NullLogger<T>.Instance;
}
