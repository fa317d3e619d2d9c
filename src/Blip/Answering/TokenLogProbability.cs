namespace Blip;

/// <summary>A token that an answer could have at one place.</summary>
/// <param name="TokenId">The token's id.</param>
/// <param name="Text">
/// What the token adds to the answer's text at that place: with the space before it where it begins a further word. Empty for a special
/// token, such as the end token, which adds nothing.
/// </param>
/// <param name="LogProbability">The natural logarithm of its probability, at most 0.</param>
public readonly record struct TokenLogProbability(int TokenId, string Text, float LogProbability);
