using Blip.Plugin;
using Microsoft.AspNetCore.Http;

namespace Blip.Hosting.Asking;

/// <summary><c>POST /api/ask</c>: one answer as the command line's object, several as <c>{"answers":[...]}</c>.</summary>
internal sealed class AskEndpoint(AskRequestReader reader, PictureQuestions questions)
{
    public async Task HandleAsync(HttpContext context)
    {
        AskRequest request = await reader.ReadAsync(context.Request).ConfigureAwait(false);
        CancellationToken cancellationToken = context.RequestAborted;
        Picture picture = Picture.FromBytes(request.Reference is null ? request.Bytes : await questions.ResolveAsync(request.Reference, cancellationToken).ConfigureAwait(false));
        // What is named is named again; a picture in the request has no name worth it.
        string? image = request.Reference is { } reference && !reference.TrimStart().StartsWith("data:", StringComparison.OrdinalIgnoreCase) ? reference : null;
        if (!request.IsMany)
        {
            string question = request.Questions[0];
            Answer answer = await questions.AskAsync(picture, question, null, cancellationToken).ConfigureAwait(false);
            await Bodies.WriteJsonAsync(context, writer => AnswerJson.Write(writer, answer, question, image)).ConfigureAwait(false);
            return;
        }
        AskedQuestion[] asked = await questions.AskEachAsync(picture, request.Questions, cancellationToken).ConfigureAwait(false);
        await Bodies.WriteJsonAsync(context, writer =>
        {
            writer.WriteStartObject();
            AnswersJson.Write(writer, asked, image);
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }
}
