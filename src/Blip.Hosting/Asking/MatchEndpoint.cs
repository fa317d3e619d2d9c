using Microsoft.AspNetCore.Http;

namespace Blip.Hosting.Asking;

/// <summary><c>POST /api/match</c>: tells how well texts describe an image.</summary>
internal sealed class MatchEndpoint(ImageRequestReader reader, ImageQuestions images, FamilyCalls family)
{
    public async Task HandleAsync(HttpContext context)
    {
        ListFields fields = new("texts", "text");
        IReadOnlyList<SentImage> sent = await reader.ReadAsync(context.Request, fields).ConfigureAwait(false);
        BlipImage image = await images.OpenAsync(sent, frames: false, context.RequestAborted).ConfigureAwait(false);
        (TextMatch[] matches, BlipModelInfo model) = await family.MatchAsync(
            async matcher => (await matcher.MatchAsync(image, fields.Texts, context.RequestAborted).ConfigureAwait(false), matcher.Info),
            context.RequestAborted).ConfigureAwait(false);
        await Bodies.WriteJsonAsync(context, writer =>
        {
            writer.WriteStartObject();
            if (sent[0].Name is { } name)
                writer.WriteString("image", name);
            writer.WriteStartArray("matches");
            foreach (TextMatch match in matches)
                MatchJson.Write(writer, match);
            writer.WriteEndArray();
            AnswerJson.WriteModel(writer, model);
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }
}
