namespace Blip;

/// <summary>The result for one <see cref="AskItem"/>.</summary>
public sealed record AskOutcome
{
    /// <summary>The item.</summary>
    public required AskItem Item { get; init; }

    /// <summary>The item's place among all items, from 0.</summary>
    public long Index { get; init; }

    /// <summary>One entry for each question, in order; empty where the image itself failed.</summary>
    public IReadOnlyList<QuestionOutcome> Answers { get; init; } = [];

    /// <summary>Why there are no answers about the image; <see langword="null"/> otherwise.</summary>
    public BlipException? Error { get; init; }

    /// <summary>Whether every question has an answer.</summary>
    public bool IsAnswered => Error is null && Answers.All(answer => answer.Answer is not null);
}
