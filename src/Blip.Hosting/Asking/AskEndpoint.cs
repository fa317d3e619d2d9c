using Microsoft.AspNetCore.Http;

namespace Blip.Hosting.Asking;

/// <summary>
/// <c>POST /api/ask</c>. The answer to one question is the same object as on the command line; a list of answers is
/// <c>{"answers":[...]}</c>.
/// </summary>
internal sealed class AskEndpoint(ImageRequestReader reader, ImageQuestions questions)
{
    public async Task HandleAsync(HttpContext context)
    {
        AskFields request = new();
        IReadOnlyList<SentImage> images = await reader.ReadAsync(context.Request, request).ConfigureAwait(false);
        CancellationToken cancellationToken = context.RequestAborted;
        BlipImage image = await questions.OpenAsync(images, request.Frames, cancellationToken).ConfigureAwait(false);
        string? name = images is [var only] ? only.Name : null;
        if (!request.IsMany)
        {
            string question = request.Questions[0];
            Answer answer = await questions.AskAsync(image, question, request.Options, cancellationToken).ConfigureAwait(false);
            await Bodies.WriteJsonAsync(context, writer => AnswerJson.Write(writer, answer, question, name)).ConfigureAwait(false);
            return;
        }
        IReadOnlyList<QuestionOutcome> outcomes = await questions
            .AskEachAsync(image, request.Questions, request.Options, cancellationToken).ConfigureAwait(false);
        await Bodies.WriteJsonAsync(context, writer =>
        {
            writer.WriteStartObject();
            AnswersJson.Write(writer, outcomes, name);
            writer.WriteEndObject();
        }).ConfigureAwait(false);
    }
}
