using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Blip.AI.Chat;

/// <summary>
/// BLIP where a vision model is expected: the last user message with an image (in it, or in an earlier one) and a text is answered by BLIP itself. It calls no
/// tools and keeps no history; a stream has one piece. Thread-safe.
/// </summary>
/// <param name="service">The model.</param>
public sealed class BlipChatClient(BlipService service) : IChatClient
{
    /// <summary>Answers the last question about the last image.</summary>
    /// <exception cref="BlipException">There is no image or no question, tools were asked for, or the image or question cannot be used.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        if (options?.Tools is { Count: > 0 } && options.ToolMode is RequiredChatToolMode)
            throw new BlipException(BlipErrorCode.InvalidRequest, "BLIP calls no tools. Leave them out, or give it to a language model as a tool.");
        ChatMessage[] users = [.. messages.Where(m => m.Role == ChatRole.User)];
        string question = users.LastOrDefault()?.Text.Trim() ?? "";
        DataContent? image = users.SelectMany(m => m.Contents).OfType<DataContent>().LastOrDefault(c => c.HasTopLevelMediaType("image"));
        if (image is null)
            throw new BlipException(BlipErrorCode.InvalidRequest, "No image is in the messages. BLIP answers questions about an image: attach one as DataContent.");

        BlipModel model = await service.GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        AskOptions ask = options?.MaxOutputTokens is { } most ? AskOptions.Default with { MaxNewTokens = Math.Max(1, most) } : AskOptions.Default;
        Answer answer = await model.AskAsync(BlipImage.FromBytes(image.Data), question, ask, cancellationToken).ConfigureAwait(false);
        int output = answer.TokenIds.Count - 1;
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, answer.Text))
        {
            ModelId = answer.Model.Name,
            FinishReason = answer.IsComplete ? ChatFinishReason.Stop : ChatFinishReason.Length,
            Usage = new UsageDetails { InputTokenCount = answer.QuestionTokenCount, OutputTokenCount = output, TotalTokenCount = answer.QuestionTokenCount + output },
            RawRepresentation = answer,
        };
    }

    /// <summary>The same answer as one piece: BLIP's answers are a few words.</summary>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
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
        return serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata("blip") : serviceType.IsInstanceOfType(this) ? this : serviceType == typeof(BlipService) ? service : null;
    }

    /// <summary>Nothing: the service belongs to whoever made it.</summary>
    public void Dispose()
    {
    }
}
