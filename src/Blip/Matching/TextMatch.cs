namespace Blip;

/// <summary>How well a text and an image fit together. Immutable.</summary>
/// <param name="Text">The text as it was given.</param>
/// <param name="Match">
/// The probability that the text is true for the image, computed from both together: 0 to 1. This is the better judgement of one image.
/// </param>
/// <param name="Cosine">
/// The cosine of the two embeddings, each made alone: -1 to 1. For comparisons: a larger value means nearer. Which value is large depends
/// on the model.
/// </param>
public sealed record TextMatch(string Text, double Match, double Cosine);
