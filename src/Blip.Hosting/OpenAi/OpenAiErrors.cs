using Microsoft.AspNetCore.Http;

namespace Blip.Hosting.OpenAi;

/// <summary>Failures in the form of OpenAI's API.</summary>
internal static class OpenAiErrors
{
    /// <summary>What has an address below <c>/v1</c>, and the method that it is for.</summary>
    private static readonly (string Path, string Method)[] Addresses =
    [
        ("/chat/completions", HttpMethods.Post), ("/responses", HttpMethods.Post), ("/embeddings", HttpMethods.Post),
        ("/models", HttpMethods.Get),
    ];

    /// <summary>Answers what no other address below <c>/v1</c> does.</summary>
    public static Task RefuseAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "";
        // The id of a model follows its address.
        int id = path.IndexOf("/models/", StringComparison.OrdinalIgnoreCase);
        string address = id < 0 ? path : path[..(id + "/models".Length)];
        string? allowed = Array.Find(Addresses, each => address.EndsWith(each.Path, StringComparison.OrdinalIgnoreCase)).Method;
        if (allowed is not null)
            context.Response.Headers.Allow = allowed;
        int status = allowed is null ? StatusCodes.Status404NotFound : StatusCodes.Status405MethodNotAllowed;
        return WriteAsync(context, Failure.OfStatus(status));
    }

    /// <summary>Writes a failure.</summary>
    public static Task WriteAsync(HttpContext context, Failure failure)
    {
        Problems.AddHeaders(context.Response, failure);
        string path = context.Request.Path.Value ?? "";
        bool hasInput = path.EndsWith("/responses", StringComparison.OrdinalIgnoreCase)
            || path.EndsWith("/embeddings", StringComparison.OrdinalIgnoreCase);
        return Bodies.WriteJsonAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("error");
            writer.WriteString("message", failure.Message);
            writer.WriteString("type", failure.Status switch
            {
                StatusCodes.Status401Unauthorized => "authentication_error",
                StatusCodes.Status403Forbidden => "permission_error",
                StatusCodes.Status429TooManyRequests => "rate_limit_error",
                >= StatusCodes.Status500InternalServerError => "server_error",
                _ => "invalid_request_error",
            });
            writer.WriteString("param", failure.Parameter ?? failure.Code switch
            {
                BlipErrorCode.ModelNotFound => "model",
                _ when failure.Code.StartsWith("question", StringComparison.Ordinal)
                    || failure.Code.Contains("image", StringComparison.Ordinal) => hasInput ? "input" : "messages",
                _ => null,
            });
            writer.WriteString("code", failure.Code);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }, failure.Status);
    }
}
