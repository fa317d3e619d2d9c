namespace Blip;

/// <summary>A possible first token of the answer.</summary>
/// <param name="Text">The token as text.</param>
/// <param name="Probability">Its probability as the first token: 0 to 1.</param>
public readonly record struct AnswerAlternative(string Text, double Probability);
