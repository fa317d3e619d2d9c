using Blip.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace Blip.Functions;

/// <summary>
/// Declares the addresses that the platform opens, and whether they need a key. <see cref="BlipEndpoints.MapBlip"/> has the endpoints
/// behind them. Each takes every method: so Blip refuses the wrong ones, as it does elsewhere, and not the platform, with an empty 404.
/// </summary>
internal sealed class HttpFunctions(SharedEndpoints endpoints)
{
    [Function("Ask")]
    public IResult Ask([HttpTrigger(AuthorizationLevel.Function, Route = "api/ask")] HttpRequest request) => endpoints;

    [Function("Score")]
    public IResult Score([HttpTrigger(AuthorizationLevel.Function, Route = "api/score")] HttpRequest request) => endpoints;

    [Function("Caption")]
    public IResult Caption([HttpTrigger(AuthorizationLevel.Function, Route = "api/caption")] HttpRequest request) => endpoints;

    [Function("Match")]
    public IResult Match([HttpTrigger(AuthorizationLevel.Function, Route = "api/match")] HttpRequest request) => endpoints;

    [Function("Search")]
    public IResult Search([HttpTrigger(AuthorizationLevel.Function, Route = "api/search")] HttpRequest request) => endpoints;

    [Function("Image")]
    public IResult Image([HttpTrigger(AuthorizationLevel.Function, Route = "api/images/{handle}")] HttpRequest request) => endpoints;

    [Function("SendImage")]
    public IResult SendImage([HttpTrigger(AuthorizationLevel.Function, Route = "api/images")] HttpRequest request) => endpoints;

    [Function("ChatCompletions")]
    public IResult ChatCompletions(
        [HttpTrigger(AuthorizationLevel.Function, Route = "v1/chat/completions")] HttpRequest request) => endpoints;

    [Function("Responses")]
    public IResult Responses([HttpTrigger(AuthorizationLevel.Function, Route = "v1/responses")] HttpRequest request) => endpoints;

    [Function("Embeddings")]
    public IResult Embeddings([HttpTrigger(AuthorizationLevel.Function, Route = "v1/embeddings")] HttpRequest request) => endpoints;

    [Function("Models")]
    public IResult Models([HttpTrigger(AuthorizationLevel.Function, Route = "v1/models")] HttpRequest request) => endpoints;

    [Function("Model")]
    public IResult Model([HttpTrigger(AuthorizationLevel.Function, Route = "v1/models/{*id}")] HttpRequest request) => endpoints;

    [Function("OllamaVersion")]
    public IResult OllamaVersion([HttpTrigger(AuthorizationLevel.Function, Route = "api/version")] HttpRequest request) => endpoints;

    [Function("OllamaTags")]
    public IResult OllamaTags([HttpTrigger(AuthorizationLevel.Function, Route = "api/tags")] HttpRequest request) => endpoints;

    [Function("OllamaRunning")]
    public IResult OllamaRunning([HttpTrigger(AuthorizationLevel.Function, Route = "api/ps")] HttpRequest request) => endpoints;

    [Function("OllamaShow")]
    public IResult OllamaShow([HttpTrigger(AuthorizationLevel.Function, Route = "api/show")] HttpRequest request) => endpoints;

    [Function("OllamaChat")]
    public IResult OllamaChat([HttpTrigger(AuthorizationLevel.Function, Route = "api/chat")] HttpRequest request) => endpoints;

    [Function("OllamaGenerate")]
    public IResult OllamaGenerate(
        [HttpTrigger(AuthorizationLevel.Function, Route = "api/generate")] HttpRequest request) => endpoints;

    [Function("Mcp")]
    public IResult Mcp([HttpTrigger(AuthorizationLevel.Function, Route = "mcp")] HttpRequest request) => endpoints;

    [Function("OpenApi")]
    public IResult OpenApi([HttpTrigger(AuthorizationLevel.Anonymous, Route = "openapi/v1.json")] HttpRequest request) => endpoints;

    [Function("HealthLive")]
    public IResult HealthLive([HttpTrigger(AuthorizationLevel.Anonymous, Route = "health/live")] HttpRequest request) => endpoints;

    [Function("HealthReady")]
    public IResult HealthReady([HttpTrigger(AuthorizationLevel.Anonymous, Route = "health/ready")] HttpRequest request) => endpoints;

    [Function("Alive")]
    public IResult Alive([HttpTrigger(AuthorizationLevel.Anonymous, Route = "alive")] HttpRequest request) => endpoints;

    [Function("Health")]
    public IResult Health([HttpTrigger(AuthorizationLevel.Anonymous, Route = "health")] HttpRequest request) => endpoints;

    // An empty route is no route for the platform. This one is the root too.
    [Function("Page")]
    public IResult Page([HttpTrigger(AuthorizationLevel.Anonymous, Route = "{root:maxlength(0)?}")] HttpRequest request) => endpoints;

    [Function("PageFile")]
    public IResult PageFile([HttpTrigger(AuthorizationLevel.Anonymous, Route = "page/{file}")] HttpRequest request) => endpoints;
}
