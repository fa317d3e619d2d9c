namespace Blip.Decoding;

/// <summary>How large an answer may and must be, and what is noted of it.</summary>
/// <param name="MinNewTokens">The least tokens, the start token not counted, the end token counted.</param>
/// <param name="MaxNewTokens">The most tokens, counted in the same way.</param>
/// <param name="TopLogProbabilities">How many of the most likely tokens are kept at each place.</param>
internal readonly record struct AnswerLimits(int MinNewTokens, int MaxNewTokens, int TopLogProbabilities = 0)
{
    /// <summary>
    /// Temperatures by which the logits are divided to tell the answer's probability once more; <see langword="null"/> for none.
    /// </summary>
    public double[]? Temperatures { get; init; }
}
