using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Blip.Hosting.Page;

/// <summary>
/// Serves files that are part of the assembly. Their headers allow the web page to load nothing from other hosts.
/// </summary>
internal static class EmbeddedFiles
{
    private const string ContentPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static RequestDelegate Responder(string name, string mediaType)
    {
        byte[] content = Read(name);
        return Respond;

        Task Respond(HttpContext context)
        {
            IHeaderDictionary headers = context.Response.Headers;
            headers.ContentSecurityPolicy = ContentPolicy;
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "no-referrer";
            headers["Cross-Origin-Opener-Policy"] = "same-origin";
            headers[HeaderNames.CacheControl] = "no-cache";
            context.Response.ContentType = mediaType;
            context.Response.ContentLength = content.Length;
            return HttpMethods.IsHead(context.Request.Method)
                ? Task.CompletedTask
                : context.Response.Body.WriteAsync(content, context.RequestAborted).AsTask();
        }
    }

    public static byte[] Read(string name)
    {
        using Stream stream = typeof(EmbeddedFiles).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not in the assembly.");
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}
