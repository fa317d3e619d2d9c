using System.Text.Json.Serialization;

namespace Blip.AI;

/// <summary>An image of the conversation, or a file.</summary>
public sealed record ListedImage
{
    /// <summary>Its handle, or the name by which the tools read the file.</summary>
    [JsonPropertyName("image")]
    public required string Image { get; init; }

    /// <summary>Its media type by content, such as <c>image/jpeg</c>; null for a file, which was not read.</summary>
    [JsonPropertyName("type"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Type { get; init; }

    /// <summary>Its size in bytes.</summary>
    [JsonPropertyName("bytes")]
    public required long Bytes { get; init; }
}
