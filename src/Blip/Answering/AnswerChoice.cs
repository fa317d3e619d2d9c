namespace Blip;

/// <summary>One of the given answers, ranked.</summary>
/// <param name="Text">The answer as it was given.</param>
/// <param name="Score">
/// What the answers are ordered by: the sum of the natural logarithms of the probabilities of its tokens and the end token, at most 0.
/// With <see cref="AskOptions.ChoicesK"/> it is smoothed as in the original code, and with <see cref="AskOptions.ChoicesPerToken"/>
/// divided by the number of those tokens.
/// </param>
/// <param name="Probability">Its share among the ranked answers, 0 to 1: the softmax of the scores.</param>
public readonly record struct AnswerChoice(string Text, double Score, double Probability);
