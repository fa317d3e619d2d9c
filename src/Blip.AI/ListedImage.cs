using System.Text.Json.Serialization;

namespace Blip.AI;

/// <summary>An image of the conversation.</summary>
public sealed record ListedImage
{
    /// <summary>Its handle.</summary>
    [JsonPropertyName("image")]
    public required string Image { get; init; }

    /// <summary>Its media type by content, such as <c>image/jpeg</c>.</summary>
    [JsonPropertyName("type"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Type { get; init; }

    /// <summary>Its size in bytes.</summary>
    [JsonPropertyName("bytes")]
    public required long Bytes { get; init; }
}
