using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Blip.AI;

/// <summary>The result of <c>ask_image</c>: an answer or an error. As text it is the plain answer, for prompt templates.</summary>
public sealed record ImageAnswer
{
    /// <summary>The answer in a few words.</summary>
    [JsonPropertyName("answer"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The answer in a few words.")]
    public string? Answer { get; init; }

    /// <summary>
    /// The probability of the whole answer, 0 to 1, rounded to two digits; calibrated where the model is (<see cref="Calibrated"/>).
    /// </summary>
    [JsonPropertyName("confidence"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("How sure the vision model is, 0 to 1.")]
    public double? Confidence { get; init; }

    /// <summary>
    /// Whether the confidence was calibrated, so that it is the share of right answers among those like it; absent beside an error.
    /// </summary>
    [JsonPropertyName("calibrated"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("True if confidence is calibrated: the share of right answers among such answers.")]
    public bool? Calibrated { get; init; }

    /// <summary>True where the confidence is below 0.5, and absent otherwise: the answer may as well be wrong.</summary>
    [JsonPropertyName("unsure"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("True if the answer is a guess.")]
    public bool? Unsure { get; init; }

    /// <summary>The choices of <c>choose_answer</c>, the best first; absent otherwise.</summary>
    [JsonPropertyName("choices"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The choices, the best first.")]
    public IReadOnlyList<ImageChoice>? Choices { get; init; }

    /// <summary>Where the question looked most; only with <c>explain</c>.</summary>
    [JsonPropertyName("looked_at"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Where it looked most.")]
    public ImagePlace? LookedAt { get; init; }

    /// <summary>
    /// Where the question looked, part by part, for code that shows it; never part of the JSON. Only with <c>explain</c>.
    /// </summary>
    [JsonIgnore]
    public Evidence? Evidence { get; init; }

    /// <summary>The image: its short handle where it has one, else the name of its file or host.</summary>
    [JsonPropertyName("image"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The image that was looked at.")]
    public string? Image { get; init; }

    /// <summary>What went wrong, instead of an answer.</summary>
    [JsonPropertyName("error"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("What went wrong, and how to correct it.")]
    public ToolError? Error { get; init; }

    /// <summary>The image that <see cref="Evidence"/> lies over.</summary>
    internal BlipImage? Explained { get; init; }

    /// <summary>The answer alone, or the error's message.</summary>
    public override string ToString() => Answer ?? Error?.ToString() ?? "";

    internal static ImageAnswer From(Answer answer, string? image) => new()
    {
        Answer = answer.IsLowConfidence ? null : answer.Text,
        Confidence = Math.Round(answer.Confidence, 2),
        Calibrated = answer.IsCalibrated,
        Unsure = answer.Confidence < 0.5 ? true : null,
        LookedAt = answer.Evidence is { } evidence ? ImagePlace.Of(evidence) : null,
        Evidence = answer.Evidence,
        Image = image,
        Error = answer.IsLowConfidence ? ToolError.LowConfidence : null,
    };
}
