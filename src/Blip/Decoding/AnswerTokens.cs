namespace Blip.Decoding;

/// <summary>The tokens that begin and end an answer: for BLIP [DEC] and [SEP].</summary>
internal readonly record struct AnswerTokens(int Start, int End);
