using System.ComponentModel;
using System.Globalization;
using System.Text.Json.Serialization;

namespace Blip.AI;

/// <summary>The result of <c>match_images</c> and <c>search_images</c>: images, the best first.</summary>
public sealed record ImageMatches
{
    /// <summary>The images, the best first.</summary>
    [JsonPropertyName("matches"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The images, the best first.")]
    public IReadOnlyList<ImageMatch>? Matches { get; init; }

    /// <summary>What went wrong with the whole request.</summary>
    [JsonPropertyName("error"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("What went wrong, and how to correct it.")]
    public ToolError? Error { get; init; }

    /// <summary>The images, a line each, or the error's message.</summary>
    public override string ToString() => Error?.ToString() ?? string.Join('\n', Matches ?? []);
}

/// <summary>One image, and how well a text describes it.</summary>
public sealed record ImageMatch
{
    /// <summary>
    /// The image: its short handle, the name of its file or host, or of a search the name by which the other tools read it. Where that is
    /// long, or the name of two, its place in the call, from 0: <c>images[2]</c>.
    /// </summary>
    [JsonPropertyName("image")]
    [Description("The image.")]
    public required string Image { get; init; }

    /// <summary>The probability that the text is true for the image, 0 to 1, rounded to two digits.</summary>
    [JsonPropertyName("match"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("How well the text fits, 0 to 1.")]
    public double? Match { get; init; }

    /// <summary>What went wrong, in place of a match.</summary>
    [JsonPropertyName("error"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("What went wrong, and how to correct it.")]
    public ToolError? Error { get; init; }

    /// <summary>The image and its match, or the error's message.</summary>
    public override string ToString() =>
        Error is null ? string.Create(CultureInfo.InvariantCulture, $"{Image}: {Match:0.00}") : $"{Image}: {Error}";
}
