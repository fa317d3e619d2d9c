namespace Blip;

/// <summary>One of the whole answers that beam search found.</summary>
/// <param name="Text">The answer in words.</param>
/// <param name="TokenIds">Its tokens, as <see cref="Answer.TokenIds"/>.</param>
/// <param name="Score">
/// What the answers are ordered by: the sum of the natural logarithms of the probabilities of its tokens, divided by their number to the
/// power of <see cref="AskOptions.LengthPenalty"/>. The transformers library calls it <c>sequences_scores</c>.
/// </param>
public sealed record AnswerSequence(string Text, IReadOnlyList<int> TokenIds, double Score);
