using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Blip.AI;

/// <summary>The result of <c>list_images</c>.</summary>
public sealed record ImageList
{
    /// <summary>
    /// The images of this conversation, oldest first; <c>blip mcp</c> adds the files that it may read, newest first. Null where there is
    /// none.
    /// </summary>
    [JsonPropertyName("images"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The images in this conversation, oldest first.")]
    public IReadOnlyList<ListedImage>? Images { get; init; }

    /// <summary>What to do where there is no image, or where there are more than are listed.</summary>
    [JsonPropertyName("hint"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Hint { get; init; }

    /// <summary>A note about the model where the demo model answers; null with any other.</summary>
    [JsonPropertyName("model_notice"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ModelNotice { get; init; }

    /// <summary>The names, a line each, or the hint.</summary>
    public override string ToString() => Images is null ? Hint ?? "" : string.Join('\n', Images.Select(i => i.Image));
}
