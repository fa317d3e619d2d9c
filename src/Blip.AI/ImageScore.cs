using System.ComponentModel;
using System.Globalization;
using System.Text.Json.Serialization;

namespace Blip.AI;

/// <summary>The result of <c>score_image</c>: how well an image shows what a text names, or an error.</summary>
public sealed record ImageScore
{
    /// <summary>The product of the phrases' probabilities, 0 to 1, rounded to four digits.</summary>
    [JsonPropertyName("score"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("All phrases together, 0 to 1.")]
    public double? Score { get; init; }

    /// <summary>The phrases in order, each with the share of yes among yes and no.</summary>
    [JsonPropertyName("phrases"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The phrases, in order.")]
    public IReadOnlyList<ImageChoice>? Phrases { get; init; }

    /// <summary>The image: its short handle where it has one, else the name of its file or host.</summary>
    [JsonPropertyName("image"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The image that was looked at.")]
    public string? Image { get; init; }

    /// <summary>What went wrong, in place of a score.</summary>
    [JsonPropertyName("error"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("What went wrong, and how to correct it.")]
    public ToolError? Error { get; init; }

    /// <summary>The score alone, or the error's message.</summary>
    public override string ToString() => Error?.ToString() ?? string.Create(CultureInfo.InvariantCulture, $"{Score:0.####}");
}
