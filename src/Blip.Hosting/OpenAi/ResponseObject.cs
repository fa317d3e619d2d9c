using System.Text.Json;
using Blip.Hosting.Asking;

namespace Blip.Hosting.OpenAi;

/// <summary>A reply as a response of OpenAI's Responses API: one message with one part, a text or a refusal.</summary>
/// <param name="Request">The request that it answers.</param>
/// <param name="Reply">The reply.</param>
/// <param name="Id">The response's id.</param>
/// <param name="MessageId">The message's id.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Created">Seconds since 1970.</param>
internal sealed record ResponseObject(
    ResponsesRequest Request, QuestionReply Reply, string Id, string MessageId, string Model, long Created)
{
    private const string InProgress = "in_progress";

    /// <summary>How the response ended.</summary>
    public string Status => Reply.IsComplete ? "completed" : "incomplete";

    public void Write(Utf8JsonWriter writer) => Write(writer, isDone: true);

    /// <summary>Writes the response as it is at its end, or while nothing of it is there.</summary>
    public void Write(Utf8JsonWriter writer, bool isDone)
    {
        writer.WriteStartObject();
        writer.WriteString("id", Id);
        writer.WriteString("object", "response");
        writer.WriteNumber("created_at", Created);
        writer.WriteString("status", isDone ? Status : InProgress);
        writer.WriteNull("error");
        if (isDone && !Reply.IsComplete)
        {
            writer.WriteStartObject("incomplete_details");
            writer.WriteString("reason", "max_output_tokens");
            writer.WriteEndObject();
        }
        else
            writer.WriteNull("incomplete_details");
        writer.WriteString("model", Model);
        writer.WriteStartArray("output");
        if (isDone)
            WriteMessage(writer, isDone);
        writer.WriteEndArray();
        WriteSettings(writer);
        if (isDone)
            WriteUsage(writer);
        writer.WriteEndObject();
    }

    /// <summary>Writes the message as an object, whole or empty.</summary>
    public void WriteMessage(Utf8JsonWriter writer, bool isDone)
    {
        writer.WriteStartObject();
        writer.WriteString("id", MessageId);
        writer.WriteString("type", "message");
        writer.WriteString("status", isDone ? Status : InProgress);
        writer.WriteString("role", "assistant");
        writer.WriteStartArray("content");
        if (isDone)
            WritePart(writer, isDone);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Writes the part of the message as an object, whole or empty.</summary>
    public void WritePart(Utf8JsonWriter writer, bool isDone)
    {
        writer.WriteStartObject();
        if (Reply.Refusal is { } refusal)
        {
            writer.WriteString("type", "refusal");
            writer.WriteString("refusal", isDone ? refusal : "");
        }
        else
        {
            writer.WriteString("type", "output_text");
            writer.WriteString("text", isDone ? Reply.Content : "");
            writer.WriteStartArray("annotations");
            writer.WriteEndArray();
            writer.WritePropertyName("logprobs");
            AnswerPieces.Write(writer, isDone ? Reply.Pieces : null);
        }
        writer.WriteEndObject();
    }

    /// <summary>Writes what the request set, as far as it has an effect, and what is always so.</summary>
    private void WriteSettings(Utf8JsonWriter writer)
    {
        foreach (string none in (string[])["instructions", "previous_response_id", "temperature", "top_p"])
            writer.WriteNull(none);
        writer.WriteBoolean("background", false);
        writer.WriteBoolean("store", false);
        if (Request.Question.MaxTokens is { } most)
            writer.WriteNumber("max_output_tokens", most);
        else
            writer.WriteNull("max_output_tokens");
        writer.WriteNumber("top_logprobs", Request.Question.TopLogProbabilities);
        writer.WriteBoolean("parallel_tool_calls", true);
        writer.WriteString("tool_choice", "auto");
        writer.WriteStartArray("tools");
        writer.WriteEndArray();
        writer.WriteString("truncation", "disabled");
        writer.WriteStartObject("text");
        writer.WritePropertyName("format");
        if (Request.Format is { } format)
            writer.WriteRawValue(format.GetRawText(), skipInputValidation: true);
        else
        {
            writer.WriteStartObject();
            writer.WriteString("type", "text");
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
        writer.WriteStartObject("metadata");
        foreach ((string name, string value) in Request.Metadata)
            writer.WriteString(name, value);
        writer.WriteEndObject();
    }

    private void WriteUsage(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("usage");
        writer.WriteNumber("input_tokens", Reply.InputTokens);
        writer.WriteStartObject("input_tokens_details");
        writer.WriteNumber("cached_tokens", 0);
        writer.WriteNumber("cache_write_tokens", 0);
        writer.WriteEndObject();
        writer.WriteNumber("output_tokens", Reply.OutputTokens);
        writer.WriteStartObject("output_tokens_details");
        writer.WriteNumber("reasoning_tokens", 0);
        writer.WriteEndObject();
        writer.WriteNumber("total_tokens", Reply.InputTokens + Reply.OutputTokens);
        writer.WriteEndObject();
    }
}
