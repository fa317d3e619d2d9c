using Blip.Text;

namespace Blip;

/// <summary>How one question is answered. The defaults give what transformers' <c>generate</c> gives.</summary>
public sealed record AskOptions
{
    /// <summary>The defaults.</summary>
    public static AskOptions Default { get; } = new();

    /// <summary>The most tokens that an answer may have, start token not counted, end token counted. At least 1; 20 by default.</summary>
    public int MaxNewTokens { get; init; } = 20;

    /// <summary>The fewest tokens before the answer may end. 0 by default.</summary>
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
}
