using Microsoft.AspNetCore.Http;

namespace Blip.Hosting.Asking;

/// <summary><c>POST /api/ask</c>: one answer as the command line's object, several as <c>{"answers":[...]}</c>.</summary>
internal sealed class AskEndpoint(AskRequestReader reader, ImageQuestions questions)
{
    public async Task HandleAsync(HttpContext context)
    {
        AskRequest request = await reader.ReadAsync(context.Request).ConfigureAwait(false);
        CancellationToken cancellationToken = context.RequestAborted;
        BlipImage image = BlipImage.FromBytes(request.Reference is null ? request.Bytes : await questions.ResolveAsync(request.Reference, cancellationToken).ConfigureAwait(false));
        // What is named is named again; an image in the request has no name worth it.
        string? name = request.Reference is { } reference && !reference.TrimStart().StartsWith("data:", StringComparison.OrdinalIgnoreCase) ? reference : null;
        if (!request.IsMany)
        {
            string question = request.Questions[0];
            Answer answer = await questions.AskAsync(image, question, null, cancellationToken).ConfigureAwait(false);
            await Bodies.WriteJsonAsync(context, writer => AnswerJson.Write(writer, answer, question, name)).ConfigureAwait(false);
            return;
        }
        IReadOnlyList<QuestionOutcome> asked = await questions.AskEachAsync(image, request.Questions, cancellationToken).ConfigureAwait(false);
        await Bodies.WriteJsonAsync(context, writer =>
        {
            writer.WriteStartObject();
            AnswersJson.Write(writer, asked, name);
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }
}
