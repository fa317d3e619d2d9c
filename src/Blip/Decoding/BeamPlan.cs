namespace Blip.Decoding;

/// <summary>How an answer is found by beams.</summary>
/// <param name="Beams">Beginnings that are kept at each step, 2 or more.</param>
/// <param name="Best">How many of the answers found are given, at most as many.</param>
/// <param name="LengthPenalty">A score is the sum of log-probabilities over the number of tokens to this power.</param>
/// <param name="EarlyStopping">When the search ends.</param>
internal sealed record BeamPlan(int Beams, int Best, double LengthPenalty, EarlyStopping EarlyStopping);
