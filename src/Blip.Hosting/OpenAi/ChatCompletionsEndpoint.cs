using Blip.Hosting.Asking;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Blip.Hosting.OpenAi;

/// <summary><c>POST /v1/chat/completions</c>, in the form of OpenAI's API.</summary>
internal sealed class ChatCompletionsEndpoint(
    QuestionAnswering answering, ServedModel model, IOptions<BlipHostingOptions> hosting, TimeProvider time)
{
    public async Task CompleteAsync(HttpContext context)
    {
        ChatRequest request = await ChatRequest.ReadAsync(context.Request, hosting.Value.MaxRequestBytes).ConfigureAwait(false);
        model.Require(request.Question.Model);
        QuestionReply reply = await answering.AnswerAsync(request.Question, context.RequestAborted).ConfigureAwait(false);
        ChatCompletion completion = new(reply, $"chatcmpl-{Guid.NewGuid():N}", model.Name, time.GetUtcNow().ToUnixTimeSeconds());
        if (!request.Question.Stream)
        {
            await Bodies.WriteJsonAsync(context, completion.Write).ConfigureAwait(false);
            return;
        }
        EventStream events = new();
        foreach (ChatChunk chunk in (ChatChunk[])[ChatChunk.Role, ChatChunk.Content, ChatChunk.End])
            events.Add(writer => completion.WriteChunk(writer, chunk, request.IncludeUsage));
        if (request.IncludeUsage)
            events.Add(writer => completion.WriteChunk(writer, ChatChunk.Usage, request.IncludeUsage));
        events.AddDone();
        await events.SendAsync(context).ConfigureAwait(false);
    }
}
