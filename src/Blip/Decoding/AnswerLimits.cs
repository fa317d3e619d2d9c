namespace Blip.Decoding;

/// <summary>How large an answer may and must be.</summary>
/// <param name="MinNewTokens">The least tokens, the start token not counted, the end token counted.</param>
/// <param name="MaxNewTokens">The most tokens, counted alike.</param>
/// <param name="TopLogProbabilities">How many of the likeliest tokens are kept at each place.</param>
internal readonly record struct AnswerLimits(int MinNewTokens, int MaxNewTokens, int TopLogProbabilities = 0);
