namespace Blip;

/// <summary>The result for one question: an answer, or the reason why there is none.</summary>
/// <param name="Question">The question as asked.</param>
/// <param name="Answer">The answer, or <see langword="null"/>.</param>
/// <param name="Error">The reason, or <see langword="null"/>.</param>
public sealed record QuestionOutcome(string Question, Answer? Answer, BlipException? Error = null);
