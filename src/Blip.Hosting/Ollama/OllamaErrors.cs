using Microsoft.AspNetCore.Http;

namespace Blip.Hosting.Ollama;

/// <summary>Failures in the form of Ollama's API: <c>{"error":"..."}</c>.</summary>
internal static class OllamaErrors
{
    /// <summary>All names that Ollama's API has below <c>/api</c>, and the method of those that are answered here.</summary>
    public static IReadOnlyDictionary<string, string?> Names { get; } = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
    {
        ["version"] = HttpMethods.Get, ["tags"] = HttpMethods.Get, ["ps"] = HttpMethods.Get,
        ["show"] = HttpMethods.Post, ["chat"] = HttpMethods.Post, ["generate"] = HttpMethods.Post,
        ["pull"] = null, ["push"] = null, ["create"] = null, ["copy"] = null, ["delete"] = null, ["blobs"] = null,
        ["embed"] = null, ["embeddings"] = null,
    };

    /// <summary>Whether a path is one of Ollama's, and not of Blip's own.</summary>
    public static bool IsOllamas(PathString path) =>
        path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase, out PathString rest)
        && Names.ContainsKey((rest.Value ?? "").TrimStart('/').Split('/')[0]);

    /// <summary>Answers what has a name of Ollama's API and is not done here, or not with that method.</summary>
    public static RequestDelegate Refuse(string name, string? method) => context =>
    {
        if (method is null)
        {
            return WriteAsync(context, new Failure(
                StatusCodes.Status404NotFound,
                BlipErrorCode.InvalidRequest,
                $"/api/{name} is not supported: one model answers questions about images here, and callers cannot change it."));
        }
        context.Response.Headers.Allow = method;
        return WriteAsync(context, Failure.OfStatus(StatusCodes.Status405MethodNotAllowed));
    };

    public static Task WriteAsync(HttpContext context, Failure failure)
    {
        Problems.AddHeaders(context.Response, failure);
        return Bodies.WriteJsonAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("error", failure.Message);
            writer.WriteEndObject();
        }, failure.Status);
    }

    public static FailureException Invalid(string message, int status = StatusCodes.Status400BadRequest) =>
        new(new Failure(status, BlipErrorCode.InvalidRequest, message));
}
