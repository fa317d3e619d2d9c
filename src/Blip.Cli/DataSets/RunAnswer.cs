using System.Globalization;
using System.Text.Json;

namespace Blip.Cli.DataSets;

/// <summary>What became of a question of a run: an answer, or the reason why there is none.</summary>
/// <param name="Text">The answer; <see langword="null"/> where there is none.</param>
/// <param name="Confidence">How sure the model is, 0 to 1.</param>
/// <param name="Margin">
/// How close another answer was: the difference of log-probabilities, at least 0, between what was chosen and what came next,
/// at the token where it is least; with choices or beams between the scores of the best two. <see langword="null"/> where there is only
/// one.
/// </param>
/// <param name="ErrorCode">The reason's code.</param>
/// <param name="ErrorMessage">The reason.</param>
internal sealed record RunAnswer(
    string? Text, double? Confidence = null, double? Margin = null, string? ErrorCode = null, string? ErrorMessage = null)
{
    /// <summary>The answer as a run keeps it; confidence and margin as long as they need be.</summary>
    public static RunAnswer From(QuestionOutcome outcome, string image) => outcome.Answer is { } answer
        ? new RunAnswer(answer.Text, Math.Round(answer.Confidence, 6), MarginOf(answer) is { } margin ? Math.Round(margin, 4) : null)
        : new RunAnswer(null, ErrorCode: outcome.Error!.Code, ErrorMessage: CommandLine.Describe(outcome.Error, image));

    /// <exception cref="FormatException">The line is no such object.</exception>
    public static RunAnswer Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            return root.TryGetProperty("error", out JsonElement error)
                ? new RunAnswer(
                    null, ErrorCode: error.GetProperty("code").GetString(), ErrorMessage: error.GetProperty("message").GetString())
                : new RunAnswer(root.GetProperty("answer").GetString(), Number("confidence"), Number("margin"));

            double? Number(string name) => root.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new FormatException("The line is not an answer of a run.", exception);
        }
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        if (Text is not null)
            writer.WriteString("answer", Text);
        if (Confidence is { } confidence)
            writer.WriteNumber("confidence", confidence);
        if (Margin is { } margin)
            writer.WriteNumber("margin", margin);
        if (ErrorCode is not null)
        {
            writer.WritePropertyName("error");
            WriteError(writer);
        }
        writer.WriteEndObject();
    }

    public void WriteError(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("code", ErrorCode);
        writer.WriteString("message", ErrorMessage);
        writer.WriteEndObject();
    }

    /// <summary>A number of a table.</summary>
    public static DataValue? Cell(double? number) =>
        number is { } given ? new DataValue(given.ToString(CultureInfo.InvariantCulture), IsJson: true) : null;

    private static double? MarginOf(Answer answer) => answer switch
    {
        { Choices: [{ Score: var best }, { Score: var next }, ..] } => best - next,
        { Sequences: [{ Score: var best }, { Score: var next }, ..] } => best - next,
        { TopLogProbabilities: { Count: > 0 } places } => places.Where(place => place.Count > 1)
            .Select(place => (double?)(place[0].LogProbability - place[1].LogProbability)).Min(),
        _ => null,
    };
}
