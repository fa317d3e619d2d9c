namespace Blip;

/// <summary>What the answer could be instead: a whole answer from beams and choices, else a first token.</summary>
/// <param name="Text">The answer, or the token as text.</param>
/// <param name="Probability">
/// The probability of the whole answer, of the choice among the choices, or of the token as the first one: 0 to 1.
/// </param>
public readonly record struct AnswerAlternative(string Text, double Probability);
