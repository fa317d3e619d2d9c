namespace Blip.Matching;

/// <summary>What a run gave for one text.</summary>
/// <param name="Match">The probability that it is true of its image; 0 where it has none.</param>
/// <param name="Vector">Its embedding, of unit length.</param>
internal sealed record MatchResult(double Match, float[] Vector);
