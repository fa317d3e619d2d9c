using Blip.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace Blip.Functions;

/// <summary>
/// Declares the addresses that the platform opens, and whether they need a key. <see cref="BlipEndpoints.MapBlip"/> has the endpoints
/// behind them.
/// </summary>
internal sealed class HttpFunctions(SharedEndpoints endpoints)
{
    [Function("Ask")]
    public IResult Ask([HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/ask")] HttpRequest request) => endpoints;

    [Function("SendImage")]
    public IResult SendImage([HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/images")] HttpRequest request) => endpoints;

    [Function("ChatCompletions")]
    public IResult ChatCompletions(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "v1/chat/completions")] HttpRequest request) => endpoints;

    [Function("Responses")]
    public IResult Responses([HttpTrigger(AuthorizationLevel.Function, "post", Route = "v1/responses")] HttpRequest request) => endpoints;

    [Function("Models")]
    public IResult Models([HttpTrigger(AuthorizationLevel.Function, "get", Route = "v1/models")] HttpRequest request) => endpoints;

    [Function("Model")]
    public IResult Model([HttpTrigger(AuthorizationLevel.Function, "get", Route = "v1/models/{*id}")] HttpRequest request) => endpoints;

    [Function("OllamaVersion")]
    public IResult OllamaVersion([HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/version")] HttpRequest request) => endpoints;

    [Function("OllamaTags")]
    public IResult OllamaTags([HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/tags")] HttpRequest request) => endpoints;

    [Function("OllamaRunning")]
    public IResult OllamaRunning([HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/ps")] HttpRequest request) => endpoints;

    [Function("OllamaShow")]
    public IResult OllamaShow([HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/show")] HttpRequest request) => endpoints;

    [Function("OllamaChat")]
    public IResult OllamaChat([HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/chat")] HttpRequest request) => endpoints;

    [Function("OllamaGenerate")]
    public IResult OllamaGenerate(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/generate")] HttpRequest request) => endpoints;

    [Function("Mcp")]
    public IResult Mcp([HttpTrigger(AuthorizationLevel.Function, "get", "post", "delete", Route = "mcp")] HttpRequest request) => endpoints;

    [Function("OpenApi")]
    public IResult OpenApi([HttpTrigger(AuthorizationLevel.Function, "get", Route = "openapi/v1.json")] HttpRequest request) => endpoints;

    [Function("HealthLive")]
    public IResult HealthLive([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "health/live")] HttpRequest request) => endpoints;

    [Function("HealthReady")]
    public IResult HealthReady([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "health/ready")] HttpRequest request) => endpoints;

    [Function("Alive")]
    public IResult Alive([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "alive")] HttpRequest request) => endpoints;

    [Function("Health")]
    public IResult Health([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "health")] HttpRequest request) => endpoints;
}
