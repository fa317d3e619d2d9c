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
    ImageRequestReader reader, ImageQuestions questions, ImageStore store, IOptions<BlipOptions> options, IImageDecoder? decoder = null)
{
    public async Task HandleAsync(HttpContext context)
    {
        AskFields fields = new();
        IReadOnlyList<SentImage> images = await reader.ReadBodyAsync(context.Request, fields).ConfigureAwait(false);
        if (fields.Questions.Count > 0)
        {
            throw new BlipException(
                BlipErrorCode.InvalidRequest,
                "This address only stores images. Ask the question at /api/ask, with the image's handle as 'image'.");
        }
        if (images.Count > 1)
            throw new BlipException(BlipErrorCode.InvalidRequest, "More than one image is given. Send one part 'image'.");
        ReadOnlyMemory<byte> bytes = images[0].Reference is { } reference
            ? await questions.ResolveAsync(reference, context.RequestAborted).ConfigureAwait(false)
            : images[0].Bytes;
        BlipImage image = BlipImage.FromBytes(bytes);
        ImageHeader header = image.ReadHeader(options.Value.Image.Limits, decoder);
        header.CheckComplete(bytes.Span);
        int frames = header.Format is ImageFormat.Gif or ImageFormat.WebP or ImageFormat.Png
            ? CountFrames(image) : 1;
        (StoredImage stored, bool existed) = store.Add(bytes.Span);
        await Bodies.WriteJsonAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("handle", stored.Handle);
            writer.WriteNumber("width", header.Width);
            writer.WriteNumber("height", header.Height);
            if (frames > 1)
                writer.WriteNumber("frames", frames);
            writer.WriteString("expires_at", stored.ExpiresAt);
            writer.WriteEndObject();
        }, existed ? StatusCodes.Status200OK : StatusCodes.Status201Created).ConfigureAwait(false);
    }

    /// <summary>
    /// Counts the frames of an animation. One whose later frames are broken is what it is for a question: its first frame.
    /// </summary>
    private int CountFrames(BlipImage image)
    {
        try
        {
            return image.CountFrames(options.Value.Image.Limits);
        }
        catch (BlipException)
        {
            return 1;
        }
    }
}
