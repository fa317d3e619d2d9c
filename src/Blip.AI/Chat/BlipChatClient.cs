using System.Runtime.CompilerServices;
using Blip.AI.Asking;
using Blip.AI.Images;
using Microsoft.Extensions.AI;

namespace Blip.AI.Chat;

/// <summary>
/// BLIP as a chat client, where a vision model is expected. It answers the text of the last user message about the last image of the
/// user messages. It calls no tools and keeps no history; a stream has one piece. Thread-safe.
/// </summary>
/// <param name="service">The model.</param>
/// <param name="source">Fetches images by address; where <see langword="null"/>, an image has to be in the message.</param>
public sealed class BlipChatClient(BlipService service, ImageSource? source = null) : IChatClient
{
    /// <summary>
    /// Answers the last question about the last image. An image by address is fetched where its host is allowed. Where the options ask for
    /// JSON by a schema, the answer is its value: yes or no, a number, one of several strings, or words. Values that are few are ranked, so
    /// that one of them is always the answer; others, and those that may be null, are read from a free answer. An object of several values
    /// has a question in the description of each. A free answer that is no such value is an <see cref="ErrorContent"/> with the code
    /// <c>Refusal</c>.
    /// </summary>
    /// <exception cref="BlipException">
    /// An image or a question is missing or cannot be used, another model is named, JSON is asked for without a schema that an answer can
    /// follow, or a tool is required.
    /// </exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        if (options?.Tools is { Count: > 0 } && options.ToolMode is RequiredChatToolMode)
            throw Invalid("BLIP calls no tools. Leave them out, or give BLIP to a language model as a tool.");
        AnswerSchema? schema = options?.ResponseFormat is ChatResponseFormatJson json ? SchemaOf(json) : null;
        ChatMessage[] users = [.. messages.Where(m => m.Role == ChatRole.User)];
        string question = users.LastOrDefault()?.Text.Trim() ?? "";
        BlipImage image = await FindImageAsync(users.SelectMany(m => m.Contents), cancellationToken).ConfigureAwait(false);
        BlipModel model = await service.GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        if (options?.ModelId is { } other && other != model.Info.Name && other != BlipService.AnyModel)
        {
            throw new BlipException(
                BlipErrorCode.ModelNotFound,
                $"The model here is {model.Info.Name}. Use this name, or '{BlipService.AnyModel}', or leave out ModelId.");
        }
        AskOptions ask = AskOptions.Default;
        if (options?.MaxOutputTokens is { } most)
            ask = ask with { MaxNewTokens = Math.Max(1, most) };
        Answer[] answers = schema is null
            ? await model.AskAsync(image, [question], ask, cancellationToken).ConfigureAwait(false)
            : await schema.AskAsync(question, ask, (asked, how) => model.AskAsync(image, asked, how, cancellationToken))
                .ConfigureAwait(false);
        int input = answers.Sum(answer => answer.QuestionTokenCount), output = answers.Sum(answer => answer.TokenIds.Count - 1);
        (string text, string? refusal) = schema?.Write(answers) ?? (answers[0].Text, null);
        AIContent content = refusal is null ? new TextContent(text) : new ErrorContent(refusal) { ErrorCode = "Refusal" };
        string id = $"blip-{Guid.NewGuid():N}";
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, [content]) { MessageId = id, CreatedAt = now })
        {
            ResponseId = id,
            CreatedAt = now,
            ModelId = model.Info.Name,
            FinishReason = answers.All(answer => answer.IsComplete) ? ChatFinishReason.Stop : ChatFinishReason.Length,
            Usage = new UsageDetails { InputTokenCount = input, OutputTokenCount = output, TotalTokenCount = input + output },
            RawRepresentation = answers is [Answer only] ? only : answers,
        };
    }

    /// <summary>The same answer as one piece: BLIP's answers are a few words.</summary>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ChatResponse response = await GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        foreach (ChatResponseUpdate update in response.ToChatResponseUpdates())
            yield return update;
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
            return null;
        if (serviceType == typeof(ChatClientMetadata))
            return new ChatClientMetadata("blip", defaultModelId: service.ModelName);
        if (serviceType == typeof(BlipService))
            return service;
        return serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Does nothing: the service belongs to its creator.</summary>
    public void Dispose()
    {
    }

    private static AnswerSchema SchemaOf(ChatResponseFormatJson format) => format.Schema is { } schema
        ? new AnswerSchema(schema)
        : throw Invalid("JSON needs a schema: use ChatResponseFormat.ForJsonSchema, or GetResponseAsync<T>.");

    private async Task<BlipImage> FindImageAsync(IEnumerable<AIContent> contents, CancellationToken cancellationToken)
    {
        AIContent? last = contents.LastOrDefault(content => content is not HostedFileContent && AttachedImages.IsImage(content));
        switch (last)
        {
            case DataContent data:
                return BlipImage.FromBytes(data.Data);
            case UriContent address when source is not null:
                string written = address.Uri.OriginalString;
                ResolvedImage fetched = await source.ResolveAsync(written, cancellationToken: cancellationToken).ConfigureAwait(false);
                return BlipImage.FromBytes(fetched.Data);
            case UriContent:
                throw Invalid("This client does not fetch addresses. Attach the image as DataContent, or give the client an ImageSource.");
            default:
                throw Invalid("The messages have no image. BLIP answers questions about an image: attach one as DataContent.");
        }
    }

    private static BlipException Invalid(string message) => new(BlipErrorCode.InvalidRequest, message);
}
