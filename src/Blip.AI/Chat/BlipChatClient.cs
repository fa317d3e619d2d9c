using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Blip.AI.Chat;

/// <summary>
/// BLIP as a chat client, where a vision model is expected. It answers the text of the last user message about the last image of the
/// user messages. It calls no tools and keeps no history; a stream has one piece. Thread-safe.
/// </summary>
/// <param name="service">The model.</param>
public sealed class BlipChatClient(BlipService service) : IChatClient
{
    /// <summary>Answers the last question about the last image.</summary>
    /// <exception cref="BlipException">An image or a question is missing or cannot be used, or a tool is required.</exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        if (options?.Tools is { Count: > 0 } && options.ToolMode is RequiredChatToolMode)
            throw Invalid("BLIP calls no tools. Leave them out, or give BLIP to a language model as a tool.");
        ChatMessage[] users = [.. messages.Where(m => m.Role == ChatRole.User)];
        string question = users.LastOrDefault()?.Text.Trim() ?? "";
        DataContent? image = users.SelectMany(m => m.Contents).OfType<DataContent>().LastOrDefault(c => c.HasTopLevelMediaType("image"));
        if (image is null)
            throw Invalid("No image is in the messages. BLIP answers questions about an image: attach one as DataContent.");

        BlipModel model = await service.GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        AskOptions ask = AskOptions.Default;
        if (options?.MaxOutputTokens is { } most)
            ask = ask with { MaxNewTokens = Math.Max(1, most) };
        Answer answer = await model.AskAsync(BlipImage.FromBytes(image.Data), question, ask, cancellationToken).ConfigureAwait(false);
        int input = answer.QuestionTokenCount, output = answer.TokenIds.Count - 1;
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, answer.Text))
        {
            ModelId = answer.Model.Name,
            FinishReason = answer.IsComplete ? ChatFinishReason.Stop : ChatFinishReason.Length,
            Usage = new UsageDetails { InputTokenCount = input, OutputTokenCount = output, TotalTokenCount = input + output },
            RawRepresentation = answer,
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
            return new ChatClientMetadata("blip");
        if (serviceType == typeof(BlipService))
            return service;
        return serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Does nothing: the service belongs to its creator.</summary>
    public void Dispose()
    {
    }

    private static BlipException Invalid(string message) => new(BlipErrorCode.InvalidRequest, message);
}
