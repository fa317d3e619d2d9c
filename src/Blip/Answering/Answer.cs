namespace Blip;

/// <summary>
/// The answer to one question about one image, and how sure the model is of it. Models make it; a test needs no more than
/// <c>new Answer { Text = "2" }</c>.
/// </summary>
public sealed record Answer
{
    /// <summary>The answer in words, for example <c>2</c> or <c>a red car</c>. It can be empty: the model had nothing to say.</summary>
    public required string Text { get; init; }

    /// <summary>The answer's tokens from the start token on, with the end token last unless the limit cut the answer short.</summary>
    public IReadOnlyList<int> TokenIds { get; init; } = [];

    /// <summary>The natural logarithm of each generated token's probability: one fewer than <see cref="TokenIds"/>, the start has none.</summary>
    public IReadOnlyList<float> TokenLogProbabilities { get; init; } = [];

    /// <summary>The probability of the whole answer, its end included: 0 to 1. What the model believes, not how often it is right.</summary>
    public double Confidence { get; init; } = 1;

    /// <summary>The likeliest first tokens as text, best first, the winner included: at most five.</summary>
    public IReadOnlyList<AnswerAlternative> Alternatives { get; init; } = [];

    /// <summary>Where the time went.</summary>
    public AnswerTiming Timing { get; init; } = new();

    /// <summary>What answered: model, device and precision.</summary>
    public BlipModelInfo Model { get; init; } = new("", "", "");

    /// <summary>The number of tokens in the question, [CLS] and [SEP] included.</summary>
    public int QuestionTokenCount { get; init; }

    /// <summary>Whether the answer ended by itself; otherwise the limit on new tokens cut it.</summary>
    public bool IsComplete { get; init; } = true;

    /// <summary>The answer alone.</summary>
    public override string ToString() => Text;
}
