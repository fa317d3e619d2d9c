namespace Blip.Hosting.Asking;

/// <summary>The reply to a question, before it has the form that the caller reads.</summary>
internal sealed record QuestionReply
{
    /// <summary>What the model answered, one after the other.</summary>
    public required IReadOnlyList<Answer> Answers { get; init; }

    /// <summary>The content: the answer, or an answer a line where there are several images, or JSON.</summary>
    public required string Content { get; init; }

    /// <summary>Why there is no content, where the answer is not what the request's schema asks for.</summary>
    public string? Refusal { get; init; }

    /// <summary>The pieces of the content; <see langword="null"/> if the request did not ask for log-probabilities.</summary>
    public IReadOnlyList<AnswerPiece>? Pieces { get; init; }

    /// <summary>Whether every answer came to its end.</summary>
    public bool IsComplete => Answers.All(answer => answer.IsComplete);

    /// <summary>The tokens of all questions.</summary>
    public int InputTokens => Answers.Sum(answer => answer.QuestionTokenCount);

    /// <summary>The tokens of all answers, without those that begin them.</summary>
    public int OutputTokens => Answers.Sum(answer => answer.TokenIds.Count - 1);
}
