using Blip.Text;

namespace Blip;

/// <summary>
/// How a question is answered. With the defaults the answers are those of <c>generate</c> in the transformers library. Immutable.
/// </summary>
public sealed record AskOptions
{
    internal const int MaxTopLogProbabilities = 20;

    /// <summary>The defaults.</summary>
    public static AskOptions Default { get; } = new();

    /// <summary>
    /// The maximum number of tokens of an answer. The end token counts, the start token does not. At least 1; 20 by default. No answer has
    /// more tokens than the decoder has positions (512 in the published models): it ends there, as if that were the limit.
    /// </summary>
    public int MaxNewTokens { get; init; } = 20;

    /// <summary>
    /// The minimum number of tokens before the answer may end: at most <see cref="MaxNewTokens"/> and the decoder's positions. 0 by
    /// default.
    /// </summary>
    public int MinNewTokens { get; init; }

    /// <summary>
    /// Whether the spaces that the tokenizer puts around punctuation and apostrophes are removed. The transformers library did this by
    /// default before version 5. True by default.
    /// </summary>
    public bool CleanUp { get; init; } = true;

    /// <summary>
    /// How special tokens in the question, such as <c>[SEP]</c>, are read. <see cref="SpecialTokenMode.Plain"/> by default: as text.
    /// </summary>
    public SpecialTokenMode SpecialTokens { get; init; } = SpecialTokenMode.Plain;

    /// <summary>
    /// Whether a question that has more tokens than the model reads is cut, as in the transformers library. If false, it is refused
    /// with <see cref="BlipErrorCode.QuestionTooLong"/>. False by default.
    /// </summary>
    public bool TruncateQuestion { get; init; }

    /// <summary>
    /// How many of the likeliest tokens <see cref="Answer.TopLogProbabilities"/> has at each place: 0 to 20, and no more than the model's
    /// vocabulary has. 0 by default: none, at no cost.
    /// </summary>
    public int TopLogProbabilities { get; init; }

    /// <param name="positions">How many tokens the decoder can give.</param>
    /// <exception cref="BlipException"><see cref="BlipErrorCode.InvalidRequest"/>.</exception>
    internal void Validate(int positions)
    {
        if (MaxNewTokens < 1)
            throw Invalid($"{nameof(MaxNewTokens)} is {MaxNewTokens}; it is at least 1.");
        if (MinNewTokens < 0)
            throw Invalid($"{nameof(MinNewTokens)} is {MinNewTokens}; it is at least 0.");
        if (MinNewTokens > MaxNewTokens)
            throw Invalid($"{nameof(MinNewTokens)} is {MinNewTokens}, more than {nameof(MaxNewTokens)}, which is {MaxNewTokens}.");
        // transformers ends with an index that is out of range.
        if (MinNewTokens > positions)
            throw Invalid($"{nameof(MinNewTokens)} is {MinNewTokens}, but this model gives at most {positions} tokens.");
        if (TopLogProbabilities is < 0 or > MaxTopLogProbabilities)
            throw Invalid($"{nameof(TopLogProbabilities)} is {TopLogProbabilities}; it is 0 to {MaxTopLogProbabilities}.");
        if (!Enum.IsDefined(SpecialTokens))
            throw Invalid($"{nameof(SpecialTokens)} is {(int)SpecialTokens}, which is no {nameof(SpecialTokenMode)}.");

        static BlipException Invalid(FormattableString message) => new(BlipErrorCode.InvalidRequest, FormattableString.Invariant(message));
    }
}
