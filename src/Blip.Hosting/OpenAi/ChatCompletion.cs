using System.Text.Json;
using Blip.Hosting.Asking;

namespace Blip.Hosting.OpenAi;

/// <summary>The events of a streamed answer.</summary>
internal enum ChatChunk
{
    /// <summary>The role: assistant.</summary>
    Role,

    /// <summary>The answer, or why there is none.</summary>
    Content,

    /// <summary>The reason why the answer ended.</summary>
    End,

    /// <summary>The number of tokens.</summary>
    Usage,
}

/// <summary>A reply as a chat completion, whole or in chunks.</summary>
/// <param name="Reply">The reply.</param>
/// <param name="Id">The completion's id.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Created">Seconds since 1970.</param>
internal sealed record ChatCompletion(QuestionReply Reply, string Id, string Model, long Created)
{
    private string FinishReason => Reply.IsComplete ? "stop" : "length";

    public void Write(Utf8JsonWriter writer)
    {
        WriteHead(writer, "chat.completion");
        writer.WriteStartArray("choices");
        writer.WriteStartObject();
        writer.WriteNumber("index", 0);
        writer.WriteStartObject("message");
        writer.WriteString("role", "assistant");
        writer.WriteString("content", Reply.Refusal is null ? Reply.Content : null);
        writer.WriteString("refusal", Reply.Refusal);
        writer.WriteEndObject();
        WriteLogProbabilities(writer);
        writer.WriteString("finish_reason", FinishReason);
        writer.WriteEndObject();
        writer.WriteEndArray();
        WriteUsage(writer);
        writer.WriteEndObject();
    }

    public void WriteChunk(Utf8JsonWriter writer, ChatChunk chunk, bool includeUsage)
    {
        WriteHead(writer, "chat.completion.chunk");
        writer.WriteStartArray("choices");
        if (chunk != ChatChunk.Usage)
        {
            writer.WriteStartObject();
            writer.WriteNumber("index", 0);
            writer.WriteStartObject("delta");
            WriteDelta(writer, chunk);
            writer.WriteEndObject();
            if (chunk == ChatChunk.Content)
                WriteLogProbabilities(writer);
            else
                writer.WriteNull("logprobs");
            writer.WriteString("finish_reason", chunk == ChatChunk.End ? FinishReason : null);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        if (chunk == ChatChunk.Usage)
            WriteUsage(writer);
        else if (includeUsage)
            writer.WriteNull("usage");
        writer.WriteEndObject();
    }

    private void WriteDelta(Utf8JsonWriter writer, ChatChunk chunk)
    {
        switch (chunk)
        {
            case ChatChunk.Role:
                writer.WriteString("role", "assistant");
                writer.WriteString("content", "");
                break;
            case ChatChunk.Content when Reply.Refusal is { } refusal:
                writer.WriteString("refusal", refusal);
                break;
            case ChatChunk.Content:
                writer.WriteString("content", Reply.Content);
                break;
            default:
                break;
        }
    }

    private void WriteHead(Utf8JsonWriter writer, string kind)
    {
        writer.WriteStartObject();
        writer.WriteString("id", Id);
        writer.WriteString("object", kind);
        writer.WriteNumber("created", Created);
        writer.WriteString("model", Model);
    }

    private void WriteLogProbabilities(Utf8JsonWriter writer)
    {
        if (Reply.Pieces is null)
        {
            writer.WriteNull("logprobs");
            return;
        }
        writer.WriteStartObject("logprobs");
        writer.WritePropertyName("content");
        AnswerPieces.Write(writer, Reply.Pieces);
        writer.WriteNull("refusal");
        writer.WriteEndObject();
    }

    private void WriteUsage(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("usage");
        writer.WriteNumber("prompt_tokens", Reply.InputTokens);
        writer.WriteNumber("completion_tokens", Reply.OutputTokens);
        writer.WriteNumber("total_tokens", Reply.InputTokens + Reply.OutputTokens);
        writer.WriteEndObject();
    }
}
