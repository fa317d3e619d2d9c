namespace Blip.AI;

/// <summary>What became of one question among several: an answer, or the error that this question alone met.</summary>
/// <param name="Question">The question as asked.</param>
/// <param name="Answer">Its answer, unless it failed.</param>
/// <param name="Error">Why it failed; never a <see cref="BlipModelException"/>.</param>
public sealed record AskedQuestion(string Question, Answer? Answer, BlipException? Error);
