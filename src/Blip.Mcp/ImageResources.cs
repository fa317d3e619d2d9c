using Blip.AI;
using Blip.AI.Images;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Blip.Mcp;

/// <summary>
/// The images that have a handle, as resources: <c>blip://images/image-1</c>. Over HTTP they are not listed, since a handle is what says
/// who may see an image.
/// </summary>
internal static class ImageResources
{
    private const string Start = "blip://images/";

    /// <summary>Adds them where the application serves no resources of its own.</summary>
    public static void AddTo(McpServerHandlers handlers)
    {
        handlers.ListResourcesHandler ??= (request, _) =>
        {
            BlipMcpServerBuilderExtensions.RefuseCursor(request.Params?.Cursor);
            return ValueTask.FromResult(new ListResourcesResult
            {
                Resources =
                [
                    .. ConversationOf(request.Services).List().Select(image => new Resource
                    {
                        Uri = Start + image.Handle, Name = image.Handle, MimeType = image.MediaType, Size = image.Bytes,
                    }),
                ],
            });
        };
        handlers.ListResourceTemplatesHandler ??= (request, _) =>
        {
            BlipMcpServerBuilderExtensions.RefuseCursor(request.Params?.Cursor);
            return ValueTask.FromResult(new ListResourceTemplatesResult
            {
                ResourceTemplates =
                [
                    new ResourceTemplate { UriTemplate = Start + "{image}", Name = "image", Title = "An image by its handle" },
                ],
            });
        };
        handlers.ReadResourceHandler ??= (request, _) =>
        {
            string uri = request.Params?.Uri ?? "";
            if (!uri.StartsWith(Start, StringComparison.Ordinal)
                || !ConversationOf(request.Services).TryGet(uri[Start.Length..], out ReadOnlyMemory<byte> image))
                throw new McpProtocolException("There is no image under this address, or it was removed.", McpErrorCode.InvalidParams);
            return ValueTask.FromResult(new ReadResourceResult
            {
                Contents = [BlobResourceContents.FromBytes(image, uri, ImageShelf.MediaType(image.Span))],
            });
        };
    }

    private static BlipConversation ConversationOf(IServiceProvider? services) =>
        services!.GetRequiredService<McpConversation>().Conversation;
}
