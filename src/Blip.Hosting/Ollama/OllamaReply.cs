using System.Buffers;
using System.Text.Json;
using Blip.Hosting.Asking;
using Microsoft.AspNetCore.Http;

namespace Blip.Hosting.Ollama;

/// <summary>An answer in the form of Ollama's API: one object, or a line for the text and one for the end.</summary>
/// <param name="Model">The model's name, as the request gave it.</param>
/// <param name="CreatedAt">When the answer was ready.</param>
/// <param name="IsChat">Whether it answers messages, or a prompt.</param>
internal sealed record OllamaReply(string Model, DateTimeOffset CreatedAt, bool IsChat)
{
    private const string LineType = "application/x-ndjson";

    /// <summary>What was answered; <see langword="null"/> where nothing was asked.</summary>
    public QuestionReply? Reply { get; init; }

    /// <summary>Why it ends here: <c>stop</c>, <c>length</c>, <c>load</c> or <c>unload</c>.</summary>
    public required string Reason { get; init; }

    private string Text => Reply?.Content ?? "";

    public async Task WriteAsync(HttpContext context, bool stream)
    {
        if (!stream)
        {
            await Bodies.WriteJsonAsync(context, writer => Write(writer, Text, isLast: true)).ConfigureAwait(false);
            return;
        }
        // An answer is short. It is complete before the first line, so nothing can fail between two lines.
        ArrayBufferWriter<byte> lines = new(1024);
        if (Reply is not null)
            Line(Text, isLast: false);
        Line("", isLast: true);
        context.Response.ContentType = LineType;
        await context.Response.Body.WriteAsync(lines.WrittenMemory, context.RequestAborted).ConfigureAwait(false);

        void Line(string text, bool isLast)
        {
            Bodies.WriteJson(lines, writer => Write(writer, text, isLast));
            lines.Write("\n"u8);
        }
    }

    private void Write(Utf8JsonWriter writer, string text, bool isLast)
    {
        writer.WriteStartObject();
        writer.WriteString("model", Model);
        writer.WriteString("created_at", CreatedAt);
        if (IsChat)
        {
            writer.WriteStartObject("message");
            writer.WriteString("role", "assistant");
            writer.WriteString("content", text);
            writer.WriteEndObject();
        }
        else
            writer.WriteString("response", text);
        writer.WriteBoolean("done", isLast);
        if (isLast)
        {
            writer.WriteString("done_reason", Reason);
            WriteFigures(writer);
        }
        writer.WriteEndObject();
    }

    private void WriteFigures(Utf8JsonWriter writer)
    {
        if (Reply is null)
            return;
        Duration("total_duration", timing => timing.Total);
        writer.WriteNumber("load_duration", 0);
        writer.WriteNumber("prompt_eval_count", Reply.InputTokens);
        Duration("prompt_eval_duration", timing => Sum(timing.Decode, timing.Resize, timing.Vision, timing.Question));
        writer.WriteNumber("eval_count", Reply.OutputTokens);
        Duration("eval_duration", timing => Sum(timing.Search));

        void Duration(string name, Func<AnswerTiming, TimeSpan> of) =>
            writer.WriteNumber(name, Reply.Answers.Sum(answer => (long)of(answer.Timing).TotalNanoseconds));

        static TimeSpan Sum(params ReadOnlySpan<TimeSpan?> stages)
        {
            TimeSpan sum = TimeSpan.Zero;
            foreach (TimeSpan? stage in stages)
                sum += stage ?? TimeSpan.Zero;
            return sum;
        }
    }
}
