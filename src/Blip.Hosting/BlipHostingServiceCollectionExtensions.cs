using Blip.AI;
using Blip.AI.Images;
using Blip.AI.Searching;
using Blip.Hosting.Asking;
using Blip.Hosting.Blobs;
using Blip.Hosting.Health;
using Blip.Hosting.Ollama;
using Blip.Hosting.OpenAi;
using Blip.Hosting.Receiving;
using Blip.Mcp;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Server;

namespace Blip.Hosting;

/// <summary>Adds Blip's service to the services of an application.</summary>
public static class BlipHostingServiceCollectionExtensions
{
    /// <summary>
    /// Adds all that <see cref="BlipEndpoints.MapBlip"/> needs: the model, which is loaded and answers once when the host starts, the
    /// image store, the tools over MCP, health checks, problem details; and <see cref="BlobAnswering"/> and <see cref="BlobBacklog"/>.
    /// Options are bound from the section <c>Blip</c> of the configuration.
    /// </summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="configure">Sets access rules and limits. Runs after the configuration.</param>
    /// <param name="configureModel">Sets the model's options. Runs after the configuration.</param>
    public static IServiceCollection AddBlipHosting(
        this IServiceCollection services, Action<BlipHostingOptions>? configure = null, Action<BlipOptions>? configureModel = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddBlip(configureModel).AddBlipMcp(configure);
        // A service keeps the images of many callers, so it gets larger defaults.
        services.ConfigureFirst<ImageStoreOptions>(o => (o.MaxImages, o.MaxBytes) = (1024, 256 << 20));
        services.PostConfigure<McpServerOptions>(o => o.ServerInstructions += " POST /api/images keeps an image, and gives its handle.");
        services.TryAddSingleton<ImageRequestReader>();
        services.TryAddSingleton<CallerTurns>();
        services.TryAddSingleton<ImageQuestions>();
        services.TryAddSingleton<FamilyCalls>();
        services.TryAddSingleton<AskEndpoint>();
        services.TryAddSingleton<ScoreEndpoint>();
        services.TryAddSingleton<CaptionEndpoint>();
        services.TryAddSingleton<MatchEndpoint>();
        services.TryAddSingleton<SearchEndpoint>();
        services.TryAddSingleton<EmbeddingsEndpoint>();
        services.TryAddSingleton<ImagesEndpoint>();
        services.TryAddSingleton<QuestionAnswering>();
        services.TryAddSingleton<ServedModel>();
        services.TryAddSingleton<ChatCompletionsEndpoint>();
        services.TryAddSingleton<ResponsesEndpoint>();
        services.TryAddSingleton<OllamaModel>();
        services.TryAddSingleton<OllamaEndpoints>();
        services.TryAddSingleton<BlipWarmUp>();
        services.AddHostedService(provider => provider.GetRequiredService<BlipWarmUp>());
        services.AddBound<BlobAnsweringOptions, BlobAnsweringOptionsValidator>(BlipServiceCollectionExtensions.SectionName + ":Blobs");
        services.TryAddSingleton<BlobAnswering>();
        services.TryAddSingleton<BlobBacklog>();
        services.AddHealthChecks().AddCheck<ReadyCheck>("model", tags: [ReadyCheck.Tag]);
        return services;
    }

    /// <summary>
    /// Adds only the tools over MCP. The services must already have Blip (<c>AddBlip</c>).
    /// </summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="configure">Sets access rules and limits. Runs after the configuration.</param>
    public static IServiceCollection AddBlipMcp(this IServiceCollection services, Action<BlipHostingOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddBound<BlipHostingOptions, BlipHostingOptionsValidator>(BlipServiceCollectionExtensions.SectionName)
            .Configure(options => configure?.Invoke(options));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<BodyMemory>();
        services.TryAddSingleton<HostGuard>();
        services.TryAddSingleton<EndpointGuard>();
        // MCP needs no state here: handles are hashes of the content, and no conversation is kept.
        services.Replace(ServiceDescriptor.Scoped(provider => McpConversation.Of(
            provider,
            new BlipConversation(new RequestHandles(provider.GetRequiredService<ImageStore>(), provider.GetService<IImageSearch>()))
            { Surroundings = ToolSurroundings.Http })));
        services.AddMcpServer().WithHttpTransport(options => options.Stateless = true).WithBlip(ToolSurroundings.Http);
        // The SDK logs a caller's mistakes as failures, with all that the caller wrote. Blip logs them as a line each.
        services.AddLogging(logging => logging.AddFilter("ModelContextProtocol", LogLevel.Critical));
        return services;
    }
}
