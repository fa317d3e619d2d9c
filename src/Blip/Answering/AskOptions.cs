using Blip.Text;

namespace Blip;

/// <summary>How one question is answered. The defaults give what transformers' <c>generate</c> gives.</summary>
public sealed record AskOptions
{
    /// <summary>The defaults.</summary>
    public static AskOptions Default { get; } = new();

    /// <summary>
    /// The most tokens that an answer may have, start token not counted, end token counted. At least 1; 20 by default. No answer has more
    /// than the decoder has positions (512 in the published models): it ends there, as if that were the limit.
    /// </summary>
    public int MaxNewTokens { get; init; } = 20;

    /// <summary>The fewest tokens before the answer may end, at most <see cref="MaxNewTokens"/> and the decoder's positions. 0 by default.</summary>
    public int MinNewTokens { get; init; }

    /// <summary>
    /// Whether the spaces that the tokenizer leaves around punctuation and apostrophes are removed, as transformers did before its
    /// fifth release. True by default.
    /// </summary>
    public bool CleanUp { get; init; } = true;

    /// <summary>What becomes of special tokens, such as <c>[SEP]</c>, that somebody typed: plain text by default.</summary>
    public SpecialTokenMode SpecialTokens { get; init; } = SpecialTokenMode.Plain;

    /// <summary>
    /// Whether a question with more tokens than the model reads is cut, as the reference does, instead of refused with
    /// <see cref="BlipErrorCode.QuestionTooLong"/>. False by default.
    /// </summary>
    public bool TruncateQuestion { get; init; }

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
        if (!Enum.IsDefined(SpecialTokens))
            throw Invalid($"{nameof(SpecialTokens)} is {(int)SpecialTokens}, which is no {nameof(SpecialTokenMode)}.");

        static BlipException Invalid(string message) => new(BlipErrorCode.InvalidRequest, message);
    }
}
