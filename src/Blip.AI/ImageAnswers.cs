using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Blip.AI;

/// <summary>The result of the tools that give several answers, in the order of the questions or images.</summary>
public sealed record ImageAnswers
{
    /// <summary>One entry for each question, or for each image.</summary>
    [JsonPropertyName("answers"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("One entry for each question or image, in order.")]
    public IReadOnlyList<ImageAnswer>? Answers { get; init; }

    /// <summary>What went wrong with the whole request.</summary>
    [JsonPropertyName("error"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("What went wrong, and how to correct it.")]
    public ToolError? Error { get; init; }

    /// <summary>The answers, a line each, or the error's message.</summary>
    public override string ToString() => Error?.ToString() ?? string.Join('\n', Answers ?? []);
}
