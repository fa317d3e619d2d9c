namespace Blip.AI.Searching;

/// <summary>An image that a search found.</summary>
/// <param name="Name">Its path below its folder, with slashes.</param>
/// <param name="Handle">Identifies its content: <c>sha256-</c> and 64 hex digits, as handles of a service are.</param>
/// <param name="Score">The cosine of the embeddings of image and text, -1 to 1.</param>
/// <param name="Match">
/// The probability that the text is true for the image, computed from both; <see langword="null"/> without the second step.
/// </param>
public sealed record FoundImage(string Name, string Handle, double Score, double? Match);
