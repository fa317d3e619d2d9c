using Blip.Hosting.Asking;
using Blip.Hosting.Health;
using Blip.Hosting.OpenAi;
using Blip.Hosting.Page;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Blip.Hosting;

/// <summary>Blip's addresses. All of them answer under the limits and the access rules of <see cref="BlipHostingOptions"/>.</summary>
public static class BlipEndpoints
{
    /// <summary>
    /// Maps all that callers use: <c>/api/ask</c>, <c>/api/images</c>, <c>/v1/chat/completions</c>, <c>/v1/models</c>, <c>/mcp</c>, <c>/openapi/v1.json</c>,
    /// <c>/health/live</c> and <c>/health/ready</c> (also <c>/alive</c> and <c>/health</c>). Needs <see cref="BlipHostingServiceCollectionExtensions.AddBlipHosting"/>.
    /// </summary>
    public static IEndpointRouteBuilder MapBlip(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        IServiceProvider services = endpoints.ServiceProvider;
        EndpointGuard guard = services.GetRequiredService<EndpointGuard>();

        RouteGroupBuilder api = endpoints.MapGroup("");
        guard.Protect(api, Problems.WriteAsync);
        api.MapPost("/api/ask", services.GetRequiredService<AskEndpoint>().HandleAsync);
        api.MapPost("/api/images", services.GetRequiredService<ImagesEndpoint>().HandleAsync);
        api.MapGet("/openapi/v1.json", EmbeddedFiles.Responder("openapi.json", "application/json"));

        RouteGroupBuilder openAi = endpoints.MapGroup("/v1");
        guard.Protect(openAi, ChatCompletionsEndpoint.WriteErrorAsync);
        ChatCompletionsEndpoint chat = services.GetRequiredService<ChatCompletionsEndpoint>();
        openAi.MapPost("/chat/completions", chat.CompleteAsync);
        openAi.MapGet("/models", chat.ListModelsAsync);

        endpoints.MapBlipMcp();
        foreach (string live in (string[])["/health/live", "/alive"])
            endpoints.MapHealthChecks(live, new HealthCheckOptions { Predicate = _ => false });
        foreach (string ready in (string[])["/health/ready", "/health"])
            endpoints.MapHealthChecks(ready, new HealthCheckOptions { Predicate = check => check.Tags.Contains(ReadyCheck.Tag) });
        return endpoints;
    }

    /// <summary>Maps the tools over MCP's Streamable HTTP alone. Needs <see cref="BlipHostingServiceCollectionExtensions.AddBlipMcp"/>.</summary>
    /// <param name="endpoints">Where to.</param>
    /// <param name="pattern">The path.</param>
    public static IEndpointConventionBuilder MapBlipMcp(this IEndpointRouteBuilder endpoints, string pattern = "/mcp")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        IEndpointConventionBuilder mcp = endpoints.MapMcp(pattern);
        mcp.Add(endpoint =>
        {
            if (endpoint.RequestDelegate is not { } next)
                return;
            endpoint.RequestDelegate = context =>
            {
                // An encoding that .NET does not know is the caller's error, and the MCP server takes it for its own.
                Bodies.MediaType(context.Request);
                return next(context);
            };
        });
        endpoints.ServiceProvider.GetRequiredService<EndpointGuard>().Protect(mcp, Problems.WriteAsync);
        return mcp;
    }

    /// <summary>Maps <c>GET /</c>: one page to drop an image on and ask. It needs no key itself, and asks its user for it where there is one.</summary>
    public static IEndpointRouteBuilder MapBlipPage(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        RouteGroupBuilder page = endpoints.MapGroup("");
        endpoints.ServiceProvider.GetRequiredService<EndpointGuard>().Protect(page, Problems.WriteAsync, needsKey: false);
        page.MapMethods("/", ["GET", "HEAD"], EmbeddedFiles.Responder("page.html", "text/html; charset=utf-8"));
        page.MapGet("/page.css", EmbeddedFiles.Responder("page.css", "text/css; charset=utf-8"));
        page.MapGet("/page.js", EmbeddedFiles.Responder("page.js", "text/javascript; charset=utf-8"));
        page.MapGet("/page.svg", EmbeddedFiles.Responder("page.svg", "image/svg+xml"));
        return endpoints;
    }
}
