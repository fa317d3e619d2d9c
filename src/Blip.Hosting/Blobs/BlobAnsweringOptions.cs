namespace Blip.Hosting.Blobs;

/// <summary>What is asked about images that arrive as blobs. Bound from the section <c>Blip:Blobs</c>.</summary>
public sealed class BlobAnsweringOptions
{
    /// <summary>What is asked where neither <see cref="Questions"/> nor the image says.</summary>
    public const string DefaultQuestion = "what is in the picture?";

    /// <summary>What is asked about an image that brings no questions of its own: at most 16. By default <see cref="DefaultQuestion"/>.</summary>
    public IReadOnlyList<string> Questions { get; set; } = [];
}
