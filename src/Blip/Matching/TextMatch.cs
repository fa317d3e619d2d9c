namespace Blip;

/// <summary>How a text and an image belong together. Immutable.</summary>
/// <param name="Text">The text as it was given.</param>
/// <param name="Match">
/// The probability that the text is true of the image, from a look at both together: 0 to 1. This is the better judgement of one image.
/// </param>
/// <param name="Cosine">
/// The cosine of the two embeddings, each made alone: -1 to 1. It compares: the larger, the nearer. What is large depends on the model.
/// </param>
public sealed record TextMatch(string Text, double Match, double Cosine);
