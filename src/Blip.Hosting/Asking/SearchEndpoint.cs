using System.Text.Json;
using Blip.AI;
using Blip.AI.Images;
using Blip.AI.Searching;
using Blip.Hosting.Receiving;
using Blip.Mcp;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Blip.Hosting.Asking;

/// <summary>
/// <c>POST /api/search</c>: finds images by text in the folders of the operator; <c>GET /api/images/HANDLE</c>: an image that was found, or
/// sent before.
/// </summary>
internal sealed class SearchEndpoint(
    ImageStore store, FamilyCalls family, IOptions<BlipHostingOptions> options, IImageSearch? search = null)
{
    private const int MaxTop = 100;

    private readonly RequestHandles _handles = new(store, search);

    public async Task SearchAsync(HttpContext context)
    {
        Bodies.RequireJson(context.Request);
        using JsonDocument document = await Bodies.ReadObjectAsync(context.Request, options.Value.MaxRequestBytes).ConfigureAwait(false);
        RequestMembers root = new(document.RootElement);
        string? unknown = document.RootElement.EnumerateObject().Select(member => member.Name)
            .FirstOrDefault(name => name is not ("query" or "top"));
        if (unknown is not null)
        {
            throw new BlipException(
                BlipErrorCode.InvalidRequest,
                $"The JSON has an unknown member '{PlainText.Of(unknown)}'. Send 'query', and 'top' for the number.");
        }
        string query = root.Text("query") ?? throw new BlipException(BlipErrorCode.InvalidRequest, "No text is given. Send 'query'.");
        int top = root.Number("top", 1, MaxTop) ?? 10;
        if (search is null)
        {
            throw new BlipException(
                ServiceErrorCode.ModelNotConfigured, "This service searches no folder. Its operator can set one (Blip:SearchFolders).");
        }
        // A search whose folders or model are missing takes no turn: it says which.
        IReadOnlyList<FoundImage> found = await (search.IsConfigured
            ? family.MatchAsync(_ => search.SearchAsync(query, top, context.RequestAborted), context.RequestAborted)
            : search.SearchAsync(query, top, context.RequestAborted)).ConfigureAwait(false);
        string path = context.Request.Path.Value!.TrimEnd('/')[..^"search".Length];
        await Bodies.WriteJsonAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("results");
            foreach (FoundImage image in found)
            {
                writer.WriteStartObject();
                FoundImageJson.WriteMembers(writer, image);
                writer.WriteString("url", context.Request.PathBase + path + "images/" + image.Handle);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }

    public async Task ReadAsync(HttpContext context)
    {
        string handle = context.Request.RouteValues["handle"] as string ?? "";
        if (handle.StartsWith(DataUri.TakenPrefix, StringComparison.Ordinal) || !_handles.TryGet(handle, out ReadOnlyMemory<byte> image))
        {
            throw new BlipException(
                ImageSourceErrorCode.ImageNotFound,
                "There is no image with this handle, or it was removed. Send it or search for it again.");
        }
        HttpResponse response = context.Response;
        response.ContentType = ImageShelf.MediaType(image.Span);
        response.ContentLength = image.Length;
        // A browser shows an image or nothing, whatever the bytes are.
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        response.Headers.CacheControl = "private, max-age=3600, immutable";
        if (!HttpMethods.IsHead(context.Request.Method))
            await response.Body.WriteAsync(image, context.RequestAborted).ConfigureAwait(false);
    }
}
