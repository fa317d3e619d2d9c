using System.Text.Json;

namespace Blip.Hosting;

/// <summary>
/// Writes answers and failures as JSON. The form is the same on the command line, over HTTP and in blob answers. Members that the
/// request did not give are left out.
/// </summary>
public static class AnswerJson
{
    private const string LowConfidence =
        "The model is not sure: its confidence is below min_confidence. Ask a simpler question, or give choices.";

    /// <summary>
    /// Writes an answer as one object. One of low confidence (<see cref="Answer.IsLowConfidence"/>) has <c>error</c> in its place.
    /// </summary>
    /// <param name="writer">The writer.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="question">The question as the request gave it.</param>
    /// <param name="image">The image as the request named it. <see langword="null"/> if it did not name it.</param>
    /// <param name="id">The id that the request gave, which may be any JSON value. <see langword="null"/> if it gave none.</param>
    public static void Write(Utf8JsonWriter writer, Answer answer, string question, string? image = null, JsonElement? id = null)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(answer);
        WriteHead(writer, question, image, id);
        if (answer.IsLowConfidence)
            WriteErrorMember(writer, BlipErrorCode.LowConfidence, LowConfidence);
        else
            WriteFound(writer, answer);
        writer.WriteNumber("confidence", answer.Confidence);
        writer.WriteBoolean("calibrated", answer.IsCalibrated);
        if (!answer.IsLowConfidence)
            WriteOthers(writer, answer);
        if (answer.Evidence is { } evidence)
            WriteEvidence(writer, evidence);
        WriteModel(writer, answer.Model);
        WriteTiming(writer, answer.Timing);
        writer.WriteEndObject();
    }

    /// <summary>Writes a failure as one object with <c>error</c> in place of the answer.</summary>
    /// <param name="writer">The writer.</param>
    /// <param name="code">A code of <see cref="BlipErrorCode"/>, of <see cref="HttpErrorCode"/> or of a layer between them.</param>
    /// <param name="message">What is wrong and what to do.</param>
    /// <param name="question">The question as the request gave it. <see langword="null"/> if it is not known.</param>
    /// <param name="image">The image as the request named it. <see langword="null"/> if it did not name it.</param>
    /// <param name="id">The id that the request gave, which may be any JSON value. <see langword="null"/> if it gave none.</param>
    public static void WriteError(
        Utf8JsonWriter writer, string code, string message, string? question = null, string? image = null, JsonElement? id = null)
    {
        ArgumentNullException.ThrowIfNull(writer);
        WriteHead(writer, question, image, id);
        WriteErrorMember(writer, code, message);
        writer.WriteEndObject();
    }

    private static void WriteErrorMember(Utf8JsonWriter writer, string code, string message)
    {
        writer.WriteStartObject("error");
        writer.WriteString("code", code);
        writer.WriteString("message", message);
        writer.WriteEndObject();
    }

    private static void WriteFound(Utf8JsonWriter writer, Answer answer)
    {
        writer.WriteString("answer", answer.Text);
        WriteTokens(writer, answer.TokenIds, answer.TokenLogProbabilities);
    }

    private static void WriteOthers(Utf8JsonWriter writer, Answer answer)
    {
        if (answer.Choices.Count > 0)
            WriteChoices(writer, answer.Choices);
        else
            WriteAlternatives(writer, answer.Alternatives);
        if (answer.Sequences.Count > 0)
            WriteSequences(writer, answer.Sequences, "answer");
    }

    private static void WriteEvidence(Utf8JsonWriter writer, Evidence evidence)
    {
        writer.WriteStartObject("evidence");
        writer.WriteNumber("rows", evidence.Rows);
        writer.WriteNumber("columns", evidence.Columns);
        writer.WriteStartArray("values");
        foreach (float value in evidence.Values)
            writer.WriteNumberValue(Math.Round((decimal)value, 3));
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteHead(Utf8JsonWriter writer, string? question, string? image, JsonElement? id)
    {
        writer.WriteStartObject();
        if (id is { } given)
        {
            // The id is copied without a check, because a request's id may even be invalid Unicode.
            writer.WritePropertyName("id");
            writer.WriteRawValue(given.GetRawText(), skipInputValidation: true);
        }
        if (image is not null)
            writer.WriteString("image", image);
        if (question is not null)
            writer.WriteString("question", question);
    }

    internal static void WriteTokens(Utf8JsonWriter writer, IReadOnlyList<int> tokens, IReadOnlyList<float> logProbabilities)
    {
        WriteTokens(writer, tokens);
        writer.WriteStartArray("token_logprobs");
        foreach (float logProbability in logProbabilities)
            writer.WriteNumberValue(logProbability);
        writer.WriteEndArray();
    }

    private static void WriteTokens(Utf8JsonWriter writer, IReadOnlyList<int> tokens)
    {
        writer.WriteStartArray("token_ids");
        foreach (int token in tokens)
            writer.WriteNumberValue(token);
        writer.WriteEndArray();
    }

    private static void WriteAlternatives(Utf8JsonWriter writer, IReadOnlyList<AnswerAlternative> alternatives)
    {
        writer.WriteStartArray("alternatives");
        // The first is the answer's own.
        foreach (AnswerAlternative alternative in alternatives.Skip(1))
        {
            writer.WriteStartObject();
            writer.WriteString("answer", alternative.Text);
            writer.WriteNumber("confidence", alternative.Probability);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteChoices(Utf8JsonWriter writer, IReadOnlyList<AnswerChoice> choices)
    {
        writer.WriteStartArray("choices");
        foreach (AnswerChoice choice in choices)
        {
            writer.WriteStartObject();
            writer.WriteString("text", choice.Text);
            writer.WriteNumber("score", choice.Score);
            writer.WriteNumber("probability", choice.Probability);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    internal static void WriteSequences(Utf8JsonWriter writer, IReadOnlyList<AnswerSequence> sequences, string text)
    {
        writer.WriteStartArray("sequences");
        foreach (AnswerSequence sequence in sequences)
        {
            writer.WriteStartObject();
            WriteTokens(writer, sequence.TokenIds);
            writer.WriteString(text, sequence.Text);
            writer.WriteNumber("score", sequence.Score);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    internal static void WriteModel(Utf8JsonWriter writer, BlipModelInfo model)
    {
        writer.WriteString("model", model.Name);
        writer.WriteString("device", model.Device);
        writer.WriteString("precision", model.Precision);
    }

    internal static void WriteTiming(Utf8JsonWriter writer, AnswerTiming timing)
    {
        writer.WriteStartObject("timing_ms");
        Stage("decode", timing.Decode);
        Stage("resize", timing.Resize);
        Stage("vision", timing.Vision);
        Stage("question", timing.Question);
        Stage("search", timing.Search);
        Stage("total", timing.Total);
        writer.WriteEndObject();

        void Stage(string name, TimeSpan? time)
        {
            if (time is { } taken)
                writer.WriteNumber(name, Math.Round(taken.TotalMilliseconds, 3));
        }
    }
}
