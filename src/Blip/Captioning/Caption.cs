namespace Blip;

/// <summary>
/// A model's description of an image. Immutable. Models make it; a test needs no more than <c>new Caption { Text = "two dogs" }</c>.
/// </summary>
public sealed record Caption
{
    /// <summary>The caption in words, for example <c>two dogs on a meadow</c>. It begins with the prompt, if there is one.</summary>
    public required string Text { get; init; }

    /// <summary>
    /// The ids of the caption's tokens: the start token, those of the prompt, and those that the model gave. The last is the end token,
    /// unless the limit on new tokens stopped the caption.
    /// </summary>
    public IReadOnlyList<int> TokenIds { get; init; } = [];

    /// <summary>
    /// The natural logarithm of the probability of each token that the model gave, at most 0: none for the start token and the prompt.
    /// </summary>
    public IReadOnlyList<float> TokenLogProbabilities { get; init; } = [];

    /// <summary>Whether the caption ends with the end token. If false, the limit on new tokens stopped it.</summary>
    public bool IsComplete { get; init; } = true;

    /// <summary>
    /// The <see cref="CaptionOptions.Best"/> captions that beam search found, the best first; the first is this caption. Empty unless the
    /// image was captioned with <see cref="CaptionOptions.Beams"/>.
    /// </summary>
    public IReadOnlyList<AnswerSequence> Sequences { get; init; } = [];

    /// <summary>The time of each stage. <see cref="AnswerTiming.Question"/> is that of preparing the image for the decoder.</summary>
    public AnswerTiming Timing { get; init; } = new();

    /// <summary>The model that gave it, its device and its precision.</summary>
    public BlipModelInfo Model { get; init; } = new("", "", "");

    /// <summary>The caption in words: <see cref="Text"/>.</summary>
    public override string ToString() => Text;
}
