using Blip.Hosting.Asking;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Blip.Hosting.Ollama;

/// <summary>
/// The addresses of Ollama's API that its clients need to ask about images: <c>/api/version</c>, <c>tags</c>, <c>ps</c>, <c>show</c>,
/// <c>chat</c> and <c>generate</c>. Nothing of Blip's own has a name of that API.
/// </summary>
internal sealed class OllamaEndpoints(ImageQuestions questions, QuestionAnswering answering, OllamaModel model, TimeProvider time)
{
    private static readonly string[] Reading = ["GET", "HEAD"];

    public void Map(RouteGroupBuilder api)
    {
        api.MapMethods("/version", Reading, OllamaModel.WriteVersionAsync);
        api.MapMethods("/tags", Reading, model.WriteTagsAsync);
        api.MapMethods("/ps", Reading, model.WriteRunningAsync);
        api.MapPost("/show", model.ShowAsync);
        api.MapPost("/chat", context => AnswerAsync(context, isChat: true));
        api.MapPost("/generate", context => AnswerAsync(context, isChat: false));
        foreach ((string name, string? method) in OllamaErrors.Names)
            api.MapFallback($"/{name}/{{**rest}}", OllamaErrors.Refuse(name, method));
    }

    private async Task AnswerAsync(HttpContext context, bool isChat)
    {
        using OllamaRequest request = await OllamaRequest.ReadAsync(context.Request).ConfigureAwait(false);
        string name = request.Text("model") ?? "";
        model.Require(name);
        if (isChat)
            request.ReadMessages();
        else
            request.ReadPrompt();
        request.RefuseOthers();
        bool stream = request.IsStream;
        CancellationToken cancellationToken = context.RequestAborted;
        // A client that asks nothing wants to load or unload the model.
        if (request.Question.Length == 0 && request.Images.Count == 0)
        {
            string reason = request.IsUnload ? "unload" : "load";
            await questions.LoadAsync(cancellationToken).ConfigureAwait(false);
            await new OllamaReply(name, time.GetUtcNow(), isChat) { Reason = reason }.WriteAsync(context, stream).ConfigureAwait(false);
            return;
        }
        QuestionReply reply = await answering.AnswerAsync(request.Ask(), cancellationToken).ConfigureAwait(false);
        // This format has no refusal, and text that does not fit the schema would break the client.
        if (reply.Refusal is { } refusal)
            throw OllamaErrors.Invalid(refusal, StatusCodes.Status422UnprocessableEntity);
        OllamaReply answer = new(name, time.GetUtcNow(), isChat) { Reply = reply, Reason = reply.IsComplete ? "stop" : "length" };
        await answer.WriteAsync(context, stream).ConfigureAwait(false);
    }
}
