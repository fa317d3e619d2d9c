using Microsoft.AspNetCore.Http;

namespace Blip.Hosting.Asking;

/// <summary>
/// <c>POST /api/ask</c>. The answer to one question is the same object as on the command line; a list of answers is
/// <c>{"answers":[...]}</c>.
/// </summary>
internal sealed class AskEndpoint(AskRequestReader reader, ImageQuestions questions)
{
    public async Task HandleAsync(HttpContext context)
    {
        AskRequest request = await reader.ReadAsync(context.Request).ConfigureAwait(false);
        CancellationToken cancellationToken = context.RequestAborted;
        ReadOnlyMemory<byte> bytes = request.Reference is null
            ? request.Bytes
            : await questions.ResolveAsync(request.Reference, cancellationToken).ConfigureAwait(false);
        BlipImage image = BlipImage.FromBytes(bytes);
        // The answer repeats an address or a handle. An image that is in the request itself has no name.
        bool isDataUri = request.Reference?.TrimStart().StartsWith("data:", StringComparison.OrdinalIgnoreCase) ?? false;
        string? name = isDataUri ? null : request.Reference;
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
