namespace Blip.Decoding;

/// <summary>One of several whole answers that a search found.</summary>
/// <param name="Tokens">The start token and all that followed.</param>
/// <param name="LogProbability">The sum of the log-probabilities.</param>
/// <param name="Score">What the answers are ordered by.</param>
internal readonly record struct FoundSequence(IReadOnlyList<int> Tokens, double LogProbability, double Score);
