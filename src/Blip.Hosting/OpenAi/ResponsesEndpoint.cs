using Blip.Hosting.Asking;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Blip.Hosting.OpenAi;

/// <summary><c>POST /v1/responses</c>, in the form of OpenAI's API. No response is kept.</summary>
internal sealed class ResponsesEndpoint(
    QuestionAnswering answering, ServedModel model, IOptions<BlipHostingOptions> hosting, TimeProvider time)
{
    public async Task CreateAsync(HttpContext context)
    {
        ResponsesRequest request = await ResponsesRequest.ReadAsync(context.Request, hosting.Value.MaxRequestBytes).ConfigureAwait(false);
        model.Require(request.Question.Model);
        long created = time.GetUtcNow().ToUnixTimeSeconds();
        QuestionReply reply = await answering.AnswerAsync(request.Question, context.RequestAborted).ConfigureAwait(false);
        ResponseObject response = new(
            request, reply, $"resp_{Guid.NewGuid():N}", $"msg_{Guid.NewGuid():N}", model.Name, created);
        await (request.Question.Stream
            ? ResponseEvents.Of(response).SendAsync(context)
            : Bodies.WriteJsonAsync(context, response.Write)).ConfigureAwait(false);
    }
}
