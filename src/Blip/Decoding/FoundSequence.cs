namespace Blip.Decoding;

/// <summary>One of several whole answers that a search found.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="Score">What the answers are ordered by.</param>
internal readonly record struct FoundSequence(FoundAnswer Answer, double Score);
