namespace Blip;

/// <summary>How well an image shows what a text says: the score of T2I-CompBench (Huang et al. 2023), which asks this model.</summary>
/// <param name="Score">
/// The product of <paramref name="Probabilities"/>: 0 for no phrase to 1. Longer texts have more factors, so only scores of the same text
/// compare.
/// </param>
/// <param name="Probabilities">
/// For each phrase, in order: the share of yes among yes and no, as the first word of the answer to "PHRASE?". 0 to 1.
/// </param>
public sealed record PhraseScore(double Score, IReadOnlyList<double> Probabilities);
