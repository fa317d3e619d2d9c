using System.Net.Mime;
using Blip.Hosting.Asking;
using Blip.Hosting.Health;
using Blip.Hosting.Ollama;
using Blip.Hosting.OpenAi;
using Blip.Hosting.Page;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Blip.Hosting;

/// <summary>
/// Maps Blip's addresses. The limits and the access rules of <see cref="BlipHostingOptions"/> hold for all of them.
/// </summary>
public static class BlipEndpoints
{
    /// <summary>
    /// Maps all addresses except the web page: <c>/api/ask</c>, <c>/api/score</c>, <c>/api/caption</c>, <c>/api/match</c>,
    /// <c>/api/search</c>, <c>/api/images</c>, <c>/v1/chat/completions</c>, <c>/v1/responses</c>, <c>/v1/embeddings</c>,
    /// <c>/v1/models</c>, Ollama's <c>/api/version</c>, <c>tags</c>, <c>ps</c>, <c>show</c>, <c>chat</c> and <c>generate</c>,
    /// <c>/mcp</c>, <c>/openapi/v1.json</c>, <c>/health/live</c> and <c>/health/ready</c> (also <c>/alive</c> and <c>/health</c>). Needs
    /// <see cref="BlipHostingServiceCollectionExtensions.AddBlipHosting"/>. Where the application has health checks or a description at
    /// the same address, its own are served.
    /// </summary>
    /// <param name="endpoints">The application, or a group of its endpoints.</param>
    /// <param name="prefix">The path before all addresses: <c>/vision</c>. None by default.</param>
    /// <returns>The group of the addresses, for the application's own rules, such as <c>RequireAuthorization</c>.</returns>
    /// <example><code>
    /// WebApplicationBuilder builder = WebApplication.CreateBuilder();
    /// builder.Services.AddBlipHosting();
    /// WebApplication app = builder.Build();
    /// app.MapBlip("/vision").RequireAuthorization();
    /// </code></example>
    public static RouteGroupBuilder MapBlip(this IEndpointRouteBuilder endpoints, string prefix = "")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        IServiceProvider services = endpoints.ServiceProvider;
        EndpointGuard guard = services.GetRequiredService<EndpointGuard>();
        RouteGroupBuilder blip = endpoints.MapGroup(prefix);

        RouteGroupBuilder api = blip.MapGroup("");
        guard.Protect(api, Problems.WriteAsync);
        api.MapPost("/api/ask", services.GetRequiredService<AskEndpoint>().HandleAsync);
        api.MapPost("/api/score", services.GetRequiredService<ScoreEndpoint>().HandleAsync);
        api.MapPost("/api/caption", services.GetRequiredService<CaptionEndpoint>().HandleAsync);
        api.MapPost("/api/match", services.GetRequiredService<MatchEndpoint>().HandleAsync);
        SearchEndpoint search = services.GetRequiredService<SearchEndpoint>();
        api.MapPost("/api/search", search.SearchAsync);
        api.MapMethods("/api/images/{handle}", ["GET", "HEAD"], search.ReadAsync);
        api.MapPost("/api/images", services.GetRequiredService<ImagesEndpoint>().HandleAsync);

        // The description has nothing secret, and a browser opens a link without one.
        IEndpointConventionBuilder description = blip.MapMethods(
            "/openapi/v1.json", ["GET", "HEAD"], EmbeddedFiles.Responder("openapi.json", MediaTypeNames.Application.Json));
        guard.Protect(description, Problems.WriteAsync, needsKey: false);
        description.Add(ComeAfterOthers);

        RouteGroupBuilder openAi = blip.MapGroup("/v1");
        guard.Protect(openAi, OpenAiErrors.WriteAsync);
        openAi.MapPost("/chat/completions", services.GetRequiredService<ChatCompletionsEndpoint>().CompleteAsync);
        openAi.MapPost("/responses", services.GetRequiredService<ResponsesEndpoint>().CreateAsync);
        openAi.MapPost("/embeddings", services.GetRequiredService<EmbeddingsEndpoint>().CreateAsync);
        ServedModel model = services.GetRequiredService<ServedModel>();
        openAi.MapMethods("/models", ["GET", "HEAD"], model.ListAsync);
        // The id of a model of the hub has a slash.
        openAi.MapMethods("/models/{**id}", ["GET", "HEAD"], model.GetAsync);
        openAi.MapFallback("/{**path}", OpenAiErrors.RefuseAsync);

        RouteGroupBuilder ollama = blip.MapGroup("/api");
        guard.Protect(ollama, OllamaErrors.WriteAsync);
        services.GetRequiredService<OllamaEndpoints>().Map(ollama);

        blip.MapBlipMcp();
        foreach (string live in (string[])["/health/live", "/alive"])
            blip.MapHealthChecks(live, new HealthCheckOptions { Predicate = _ => false }).Add(ComeAfterOthers);
        foreach (string ready in (string[])["/health/ready", "/health"])
        {
            HealthCheckOptions tagged = new()
            {
                Predicate = check => check.Tags.Contains(ReadyCheck.Tag),
                ResponseWriter = ReadyCheck.WriteAsync,
            };
            blip.MapHealthChecks(ready, tagged).Add(ComeAfterOthers);
        }
        return blip;

        static void ComeAfterOthers(EndpointBuilder endpoint) => ((RouteEndpointBuilder)endpoint).Order = 1;
    }

    /// <summary>
    /// Gives every error of the application the form of problem details (RFC 9457), whatever the caller accepts: what routing refuses, and
    /// what fails outside Blip's endpoints, which do so by themselves. To be used before routing.
    /// </summary>
    /// <param name="app">The application.</param>
    public static IApplicationBuilder UseBlipProblems(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        return Problems.Use(app);
    }

    /// <summary>
    /// Maps only the tools, over MCP's Streamable HTTP. Needs <see cref="BlipHostingServiceCollectionExtensions.AddBlipMcp"/>.
    /// </summary>
    /// <param name="endpoints">The application, or a group of its endpoints.</param>
    /// <param name="pattern">The path.</param>
    public static IEndpointConventionBuilder MapBlipMcp(this IEndpointRouteBuilder endpoints, string pattern = "/mcp")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        IEndpointConventionBuilder mcp = endpoints.MapMcp(pattern);
        int limit = endpoints.ServiceProvider.GetRequiredService<IOptions<BlipHostingOptions>>().Value.MaxRequestBytes;
        mcp.Add(endpoint =>
        {
            if (endpoint.RequestDelegate is { } next)
                endpoint.RequestDelegate = context => McpRequests.HandleAsync(context, next, limit);
        });
        endpoints.ServiceProvider.GetRequiredService<EndpointGuard>().Protect(mcp, Problems.WriteAsync);
        return mcp;
    }

    /// <summary>
    /// Maps <c>GET /</c> and <c>GET /page/*</c>: a web page that asks questions about images. The page itself needs no key. If the service
    /// has a key, the page asks the user for it.
    /// </summary>
    public static IEndpointRouteBuilder MapBlipPage(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        RouteGroupBuilder page = endpoints.MapGroup("");
        endpoints.ServiceProvider.GetRequiredService<EndpointGuard>().Protect(page, Problems.WriteAsync, needsKey: false);
        RequestDelegate html = EmbeddedFiles.Responder("page.html", "text/html; charset=utf-8");
        page.MapMethods("/", ["GET", "HEAD"], context =>
        {
            // The page names all that it loads from its own folder on.
            string path = context.Request.PathBase + context.Request.Path;
            if (path.EndsWith('/'))
                return html(context);
            context.Response.Redirect(path + "/");
            return Task.CompletedTask;
        });
        Map("/page/page.css", "page.css", "text/css; charset=utf-8");
        Map("/page/icon.svg", "icon.svg", "image/svg+xml");
        foreach (string script in (string[])["page.js", "parts.js", "server.js", "image.js", "answer.js", "sheets.js"])
            Map("/page/" + script, script, "text/javascript; charset=utf-8");
        foreach (string sample in (string[])["dogs.jpg", "street.jpg"])
            Map("/page/" + sample, sample, MediaTypeNames.Image.Jpeg);
        return endpoints;

        void Map(string path, string file, string mediaType) =>
            page.MapMethods(path, ["GET", "HEAD"], EmbeddedFiles.Responder(file, mediaType));
    }
}
