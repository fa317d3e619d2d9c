namespace Blip;

/// <summary>
/// The answer to one question about one image, and how sure the model is. Immutable. Models make it; a test needs no more than
/// <c>new Answer { Text = "2" }</c>.
/// </summary>
public sealed record Answer
{
    /// <summary>The answer in words, for example <c>2</c> or <c>a red car</c>. It can be empty if the model ends at once.</summary>
    public required string Text { get; init; }

    /// <summary>
    /// The ids of the answer's tokens. The first is the start token. The last is the end token, unless the limit on new tokens stopped
    /// the answer.
    /// </summary>
    public IReadOnlyList<int> TokenIds { get; init; } = [];

    /// <summary>
    /// The natural logarithm of the probability of each generated token, at most 0. The list has one item less than
    /// <see cref="TokenIds"/>, because the start token has no probability.
    /// </summary>
    public IReadOnlyList<float> TokenLogProbabilities { get; init; } = [];

    /// <summary>
    /// The most likely tokens at each place of the answer, the best first: a list for each item of <see cref="TokenLogProbabilities"/>, of
    /// <see cref="AskOptions.TopLogProbabilities"/> tokens. The first of each list is the answer's own token, with the same
    /// log-probability. They are the model's distribution at that place, given the answer's tokens before it. Empty unless the question
    /// was asked with that option.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<TokenLogProbability>> TopLogProbabilities { get; init; } = [];

    /// <summary>
    /// The probability of the whole answer, including its end token: 0 to 1; with <see cref="AskOptions.Choices"/> its share among the
    /// choices. If <see cref="IsCalibrated"/>, about this share of such answers is right, on data like those of the calibration. Else it is
    /// the model's own estimate, not how often it is right.
    /// </summary>
    public double Confidence { get; init; } = 1;

    /// <summary>Whether <see cref="Confidence"/> was calibrated on labelled questions (<see cref="BlipModel.Calibration"/>).</summary>
    public bool IsCalibrated { get; init; }

    /// <summary>Whether <see cref="Confidence"/> is below <see cref="AskOptions.MinConfidence"/>: the model is not sure.</summary>
    public bool IsLowConfidence { get; init; }

    /// <summary>The log-probability of the answer at each of <see cref="AskOptions.Temperatures"/>.</summary>
    internal IReadOnlyList<double> TemperedLogProbabilities { get; init; } = [];

    /// <summary>
    /// What the model would have answered instead, the best first; the first is this answer. With <see cref="AskOptions.Beams"/> the
    /// <see cref="AskOptions.Best"/> whole answers, with <see cref="AskOptions.Choices"/> the five best of them, else the most likely first
    /// tokens, at most five, of which this answer's first token is one. Special tokens are left out.
    /// </summary>
    public IReadOnlyList<AnswerAlternative> Alternatives { get; init; } = [];

    /// <summary>
    /// The ranked <see cref="AskOptions.Choices"/>, the best first; with <see cref="AskOptions.ChoicesK"/> those that were kept. Empty
    /// unless the question was asked with choices.
    /// </summary>
    public IReadOnlyList<AnswerChoice> Choices { get; init; } = [];

    /// <summary>
    /// The <see cref="AskOptions.Best"/> answers that beam search found, the best first; the first is this answer. Empty unless the
    /// question was asked with <see cref="AskOptions.Beams"/>.
    /// </summary>
    public IReadOnlyList<AnswerSequence> Sequences { get; init; } = [];

    /// <summary>Where the question looked; <see langword="null"/> unless it was asked with <see cref="AskOptions.Explain"/>.</summary>
    public Evidence? Evidence { get; init; }

    /// <summary>The time of each stage.</summary>
    public AnswerTiming Timing { get; init; } = new();

    /// <summary>The model that answered, its device and its precision.</summary>
    public BlipModelInfo Model { get; init; } = new("", "", "");

    /// <summary>The number of tokens in the question, including [CLS] and [SEP].</summary>
    public int QuestionTokenCount { get; init; }

    /// <summary>Whether the answer ends with the end token. If false, the limit on new tokens stopped it.</summary>
    public bool IsComplete { get; init; } = true;

    /// <summary>The answer in words: <see cref="Text"/>.</summary>
    public override string ToString() => Text;
}
