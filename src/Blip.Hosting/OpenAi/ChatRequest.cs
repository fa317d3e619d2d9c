using System.Text.Json;
using Blip.AI.Asking;
using Blip.Hosting.Asking;
using Microsoft.AspNetCore.Http;

namespace Blip.Hosting.OpenAi;

/// <summary>A chat completion request: what it asks, and whether the last event of a stream has the number of tokens.</summary>
internal sealed record ChatRequest(QuestionRequest Question, bool IncludeUsage)
{
    /// <exception cref="FailureException">A member is missing, has the wrong type, or asks for what BLIP cannot do.</exception>
    public static async Task<ChatRequest> ReadAsync(HttpRequest request, int limit)
    {
        Bodies.RequireJson(request);
        using JsonDocument document = await Bodies.ReadObjectAsync(request, limit).ConfigureAwait(false);
        RequestMembers root = new(document.RootElement);
        if (root.Number("n", 1, int.MaxValue) is not (null or 1))
            throw RequestMembers.Invalid("n", "'n' must be 1, because BLIP gives only its best answer.");
        QuestionRequest.RefuseTools(root, "tool_choice", "function_call");
        OpenAiSettings.CheckChat(root);
        ResponsesRequest.ReadMetadata(root);
        bool logProbabilities = root.Flag("logprobs");
        int top = root.Number("top_logprobs", 0, AskOptions.MaxTopLogProbabilities) ?? 0;
        if (top > 0 && !logProbabilities)
            throw RequestMembers.Invalid("top_logprobs", "'top_logprobs' needs 'logprobs': true.");
        AnswerSchema? schema = RequestSchema.Read(root.Object("response_format"), "response_format");
        (string question, string[] images) = root.Array("messages") is { } messages
            ? UserMessages.Read(messages, "messages")
            : throw RequestMembers.Invalid("messages", "'messages' is missing.");
        QuestionRequest asked = new()
        {
            Model = root.Text("model"),
            Question = question,
            Images = images,
            MaxTokens = root.Number("max_completion_tokens", 1, int.MaxValue) ?? root.Number("max_tokens", 1, int.MaxValue),
            Stream = root.Flag("stream"),
            LogProbabilities = logProbabilities,
            TopLogProbabilities = top,
            Schema = schema,
        };
        return new ChatRequest(
            asked.Check("response_format", "logprobs"), root.Object("stream_options")?.Flag("include_usage") ?? false);
    }
}
