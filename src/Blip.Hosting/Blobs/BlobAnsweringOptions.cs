namespace Blip.Hosting.Blobs;

/// <summary>The questions about images that arrive as blobs. Bound from the section <c>Blip:Blobs</c> of the configuration.</summary>
public sealed class BlobAnsweringOptions
{
    /// <summary>The question if neither <see cref="Questions"/> nor the image has one.</summary>
    public const string DefaultQuestion = "what is in the picture?";

    /// <summary>The questions about an image that has none of its own: at most 16. By default <see cref="DefaultQuestion"/>.</summary>
    public IReadOnlyList<string> Questions { get; set; } = [];
}
