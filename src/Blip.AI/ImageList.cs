using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Blip.AI;

/// <summary>The result of <c>list_images</c>.</summary>
public sealed record ImageList
{
    /// <summary>The images of this conversation, oldest first.</summary>
    [JsonPropertyName("images")]
    [Description("The images in this conversation, oldest first.")]
    public required IReadOnlyList<ListedImage> Images { get; init; }

    /// <summary>What to do where there is no image.</summary>
    [JsonPropertyName("hint"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Hint { get; init; }

    /// <summary>What to know of the model where the demo model answers; null with any other.</summary>
    [JsonPropertyName("model_notice"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ModelNotice { get; init; }

    /// <summary>The handles, a line each, or the hint.</summary>
    public override string ToString() => Hint ?? string.Join('\n', Images.Select(i => i.Image));
}
