using Blip.Hosting.Asking;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Blip.Hosting.Ollama;

/// <summary>
/// The addresses of Ollama's API that its clients need to ask about images: <c>/api/version</c>, <c>tags</c>, <c>ps</c>, <c>show</c>,
/// <c>chat</c> and <c>generate</c>. Nothing of Blip's own has a name of that API.
/// </summary>
internal sealed class OllamaEndpoints(ImageQuestions questions, OllamaModel model, TimeProvider time)
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
        // A client that asks nothing wants the model to be loaded, or to go.
        if (request.Question.Length == 0 && request.Images.Count == 0)
        {
            string reason = request.IsUnload ? "unload" : "load";
            await questions.LoadAsync(cancellationToken).ConfigureAwait(false);
            await new OllamaReply(name, time.GetUtcNow(), isChat) { Reason = reason }.WriteAsync(context, stream).ConfigureAwait(false);
            return;
        }
        List<Answer> answers = await AskAsync(request, cancellationToken).ConfigureAwait(false);
        OllamaReply reply = new(name, time.GetUtcNow(), isChat)
        {
            Answers = answers,
            Text = answers is [Answer only]
                ? only.Text
                : string.Join('\n', answers.Select((answer, i) => FormattableString.Invariant($"image {i + 1}: {answer.Text}"))),
            Reason = answers.TrueForAll(answer => answer.IsComplete) ? "stop" : "length",
        };
        await reply.WriteAsync(context, stream).ConfigureAwait(false);
    }

    /// <summary>Asks the question of each image in turn.</summary>
    private async Task<List<Answer>> AskAsync(OllamaRequest request, CancellationToken cancellationToken)
    {
        if (request.Question.Length == 0)
            throw OllamaErrors.Invalid("There is an image, but no question. Ask a short question about the image.");
        if (request.Images.Count == 0)
            throw OllamaErrors.Invalid("No image is given, and this model only answers questions about images. Send 'images' in base64.");
        if (request.Images.Count > AI.BlipTools.MaxQuestions)
            throw OllamaErrors.Invalid($"More than {AI.BlipTools.MaxQuestions} images are given. Send fewer.");
        AskOptions? options = request.MaxTokens is { } limit
            ? AskOptions.Default with { MaxNewTokens = Math.Min(limit, AskOptions.Default.MaxNewTokens) }
            : null;
        List<Answer> answers = [];
        foreach (string image in request.Images)
        {
            bool isUri = image.TrimStart().StartsWith("data:", StringComparison.OrdinalIgnoreCase);
            ReadOnlyMemory<byte> bytes = await questions
                .ResolveAsync(isUri ? image : "data:;base64," + image, cancellationToken).ConfigureAwait(false);
            answers.Add(await questions.AskAsync(BlipImage.FromBytes(bytes), request.Question, options, cancellationToken)
                .ConfigureAwait(false));
        }
        return answers;
    }
}
