using Blip.AI.Images;
using Blip.Images;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Blip.Hosting.Asking;

/// <summary>
/// <c>POST /api/images</c>: keeps an image under the hash of its content. Later requests name the image by that handle instead of
/// sending it again.
/// </summary>
internal sealed class ImagesEndpoint(
    AskRequestReader reader, ImageQuestions questions, ImageStore store, IOptions<BlipOptions> options, IImageDecoder? decoder = null)
{
    public async Task HandleAsync(HttpContext context)
    {
        AskRequest request = await reader.ReadImageAsync(context.Request, []).ConfigureAwait(false);
        if (request.Questions.Count > 0)
        {
            throw new BlipException(
                BlipErrorCode.InvalidRequest,
                "This address only keeps images. Ask the question at /api/ask, with the image's handle as 'image'.");
        }
        ReadOnlyMemory<byte> bytes = request.Reference is null
            ? request.Bytes
            : await questions.ResolveAsync(request.Reference, context.RequestAborted).ConfigureAwait(false);
        ImageHeader header = BlipImage.FromBytes(bytes).ReadHeader(options.Value.Image.Limits, decoder);
        header.CheckComplete(bytes.Span);
        (StoredImage stored, bool existed) = store.Add(bytes.Span);
        await Bodies.WriteJsonAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("handle", stored.Handle);
            writer.WriteNumber("width", header.Width);
            writer.WriteNumber("height", header.Height);
            writer.WriteString("expires_at", stored.ExpiresAt);
            writer.WriteEndObject();
        }, existed ? StatusCodes.Status200OK : StatusCodes.Status201Created).ConfigureAwait(false);
    }
}
