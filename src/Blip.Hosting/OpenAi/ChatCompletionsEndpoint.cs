using System.Buffers;
using System.Text.Json;
using Blip.AI.Images;
using Blip.Hosting.Asking;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Blip.Hosting.OpenAi;

/// <summary><c>POST /v1/chat/completions</c> and <c>GET /v1/models</c>, in the form of OpenAI's API.</summary>
internal sealed class ChatCompletionsEndpoint(
    ImageQuestions questions, IOptions<BlipOptions> options, IOptions<BlipHostingOptions> hosting, IOptions<ImageSourceOptions> sources,
    TimeProvider time)
{
    /// <summary>A client may use this name for the model that runs here, whichever that is.</summary>
    private const string AnyModel = "blip";

    /// <summary>Those that every decoder reads as a rule.</summary>
    private static readonly string[] Formats = ["image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp"];

    private readonly string _model = ModelLocator.NameOf(options.Value.Model);
    private readonly DateTimeOffset _started = time.GetUtcNow();

    public async Task CompleteAsync(HttpContext context)
    {
        ChatRequest request = await ChatRequest.ReadAsync(context.Request, hosting.Value.MaxRequestBytes).ConfigureAwait(false);
        Require(request.Model);
        CancellationToken cancellationToken = context.RequestAborted;
        BlipImage image = BlipImage.FromBytes(await questions.ResolveAsync(request.Image, cancellationToken).ConfigureAwait(false));
        AskOptions? ask = request.MaxTokens is { } limit
            ? AskOptions.Default with { MaxNewTokens = Math.Min(limit, AskOptions.Default.MaxNewTokens) }
            : null;
        Answer answer = await questions.AskAsync(image, request.Question, ask, cancellationToken).ConfigureAwait(false);
        string[]? tokens = request.LogProbabilities
            ? await questions.GetTokensAsync(answer, cancellationToken).ConfigureAwait(false)
            : null;
        ChatCompletion completion = new(answer, tokens, $"chatcmpl-{Guid.NewGuid():N}", _model, time.GetUtcNow().ToUnixTimeSeconds());
        if (request.Stream)
            await StreamAsync(context, completion, request.IncludeUsage).ConfigureAwait(false);
        else
            await Bodies.WriteJsonAsync(context, completion.Write).ConfigureAwait(false);
    }

    public Task ListModelsAsync(HttpContext context) => Bodies.WriteJsonAsync(context, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("object", "list");
        writer.WriteStartArray("data");
        WriteModel(writer);
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    public Task GetModelAsync(HttpContext context)
    {
        Require(context.Request.RouteValues["id"] as string);
        return Bodies.WriteJsonAsync(context, WriteModel);
    }

    /// <summary>Answers what no other address below <c>/v1</c> does.</summary>
    public static Task RefuseAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "";
        string? allowed = path.EndsWith("/chat/completions", StringComparison.OrdinalIgnoreCase) ? HttpMethods.Post
            : path.EndsWith("/models", StringComparison.OrdinalIgnoreCase) ? HttpMethods.Get
            : null;
        if (allowed is not null)
            context.Response.Headers.Allow = allowed;
        int status = allowed is null ? StatusCodes.Status404NotFound : StatusCodes.Status405MethodNotAllowed;
        return WriteErrorAsync(context, Failure.OfStatus(status));
    }

    private void Require(string? model)
    {
        if (model is not null && model != _model && model != AnyModel)
        {
            throw new BlipException(
                BlipErrorCode.ModelNotFound,
                "This service has no model with that name. GET /v1/models has the right name; 'blip' works too.");
        }
    }

    private void WriteModel(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("id", _model);
        writer.WriteString("object", "model");
        writer.WriteNumber("created", _started.ToUnixTimeSeconds());
        writer.WriteString("owned_by", "blip");
        // Not of OpenAI's: what this service can do, and what it takes.
        writer.WriteStartArray("capabilities");
        writer.WriteStringValue("ask");
        writer.WriteEndArray();
        writer.WriteStartObject("limits");
        writer.WriteNumber("bytes", sources.Value.MaxBytes);
        writer.WriteStartArray("formats");
        foreach (string format in Formats)
            writer.WriteStringValue(format);
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>Writes a failure in the form of OpenAI's API.</summary>
    public static Task WriteErrorAsync(HttpContext context, Failure failure)
    {
        Problems.AddHeaders(context.Response, failure);
        return Bodies.WriteJsonAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("error");
            writer.WriteString("message", failure.Message);
            writer.WriteString("type", failure.Status switch
            {
                StatusCodes.Status401Unauthorized => "authentication_error",
                StatusCodes.Status403Forbidden => "permission_error",
                StatusCodes.Status429TooManyRequests => "rate_limit_error",
                >= StatusCodes.Status500InternalServerError => "server_error",
                _ => "invalid_request_error",
            });
            writer.WriteString("param", failure.Parameter ?? failure.Code switch
            {
                BlipErrorCode.ModelNotFound => "model",
                _ when failure.Code.StartsWith("question", StringComparison.Ordinal)
                    || failure.Code.Contains("image", StringComparison.Ordinal) => "messages",
                _ => null,
            });
            writer.WriteString("code", failure.Code);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }, failure.Status);
    }

    private static async Task StreamAsync(HttpContext context, ChatCompletion completion, bool includeUsage)
    {
        // An answer is short. It is complete before the first event, so nothing can fail between two events.
        ArrayBufferWriter<byte> events = new(2048);
        Event(writer => completion.WriteChunk(writer, ChatChunk.Role, includeUsage));
        Event(writer => completion.WriteChunk(writer, ChatChunk.Content, includeUsage));
        Event(writer => completion.WriteChunk(writer, ChatChunk.End, includeUsage));
        if (includeUsage)
            Event(writer => completion.WriteChunk(writer, ChatChunk.Usage, includeUsage));
        events.Write("data: [DONE]\n\n"u8);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        await context.Response.Body.WriteAsync(events.WrittenMemory, context.RequestAborted).ConfigureAwait(false);

        void Event(Action<Utf8JsonWriter> write)
        {
            events.Write("data: "u8);
            Bodies.WriteJson(events, write);
            events.Write("\n\n"u8);
        }
    }
}
