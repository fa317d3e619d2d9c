namespace Blip.Decoding;

/// <summary>How many tokens an answer may and must have, the start token not counted, the end token counted.</summary>
internal readonly record struct LengthLimits(int MinNewTokens, int MaxNewTokens);
