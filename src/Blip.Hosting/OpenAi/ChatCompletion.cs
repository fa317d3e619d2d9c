using System.Text;
using System.Text.Json;

namespace Blip.Hosting.OpenAi;

/// <summary>The events of a streamed answer.</summary>
internal enum ChatChunk
{
    /// <summary>The role: assistant.</summary>
    Role,

    /// <summary>The answer.</summary>
    Content,

    /// <summary>The reason why the answer ended.</summary>
    End,

    /// <summary>The number of tokens.</summary>
    Usage,
}

/// <summary>An answer in OpenAI's form, whole or in chunks.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="Tokens">The tokens as text. <see langword="null"/> if the request did not ask for log-probabilities.</param>
/// <param name="Id">The completion's id.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Created">Seconds since 1970.</param>
internal sealed record ChatCompletion(Answer Answer, string[]? Tokens, string Id, string Model, long Created)
{
    private string FinishReason => Answer.IsComplete ? "stop" : "length";

    public void Write(Utf8JsonWriter writer)
    {
        WriteHead(writer, "chat.completion");
        writer.WriteStartArray("choices");
        writer.WriteStartObject();
        writer.WriteNumber("index", 0);
        writer.WriteStartObject("message");
        writer.WriteString("role", "assistant");
        writer.WriteString("content", Answer.Text);
        writer.WriteNull("refusal");
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
            if (chunk == ChatChunk.Role)
                writer.WriteString("role", "assistant");
            if (chunk != ChatChunk.End)
                writer.WriteString("content", chunk == ChatChunk.Content ? Answer.Text : "");
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
        if (Tokens is null)
        {
            writer.WriteNull("logprobs");
            return;
        }
        writer.WriteStartObject("logprobs");
        writer.WriteStartArray("content");
        foreach ((string piece, float logProbability) in AnswerPieces.Of(Answer, Tokens))
        {
            writer.WriteStartObject();
            writer.WriteString("token", piece);
            writer.WriteNumber("logprob", logProbability);
            writer.WriteStartArray("bytes");
            foreach (byte one in Encoding.UTF8.GetBytes(piece))
                writer.WriteNumberValue(one);
            writer.WriteEndArray();
            writer.WriteStartArray("top_logprobs");
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteNull("refusal");
        writer.WriteEndObject();
    }

    private void WriteUsage(Utf8JsonWriter writer)
    {
        int output = Answer.TokenIds.Count - 1;
        writer.WriteStartObject("usage");
        writer.WriteNumber("prompt_tokens", Answer.QuestionTokenCount);
        writer.WriteNumber("completion_tokens", output);
        writer.WriteNumber("total_tokens", Answer.QuestionTokenCount + output);
        writer.WriteEndObject();
    }
}
