namespace Blip;

/// <summary>
/// How an image is captioned. With the defaults captions are those of <c>generate</c> in the transformers library. Immutable.
/// </summary>
public sealed record CaptionOptions
{
    /// <summary>The defaults.</summary>
    public static CaptionOptions Default { get; } = new();

    /// <summary>
    /// The maximum number of tokens that follow the prompt; the end token counts. At least 1; 20 by default. No caption has more tokens
    /// than the decoder has positions (512 in the published models): it ends there, as if that were the limit.
    /// </summary>
    public int MaxNewTokens { get; init; } = 20;

    /// <summary>
    /// The minimum number of tokens after the prompt before the caption may end: at most <see cref="MaxNewTokens"/> and the decoder's
    /// positions. 0 by default.
    /// </summary>
    public int MinNewTokens { get; init; }

    /// <summary>Whether the spaces that the tokenizer puts around punctuation and apostrophes are removed. True by default.</summary>
    public bool CleanUp { get; init; } = true;

    /// <summary>The same limits as options of asking, which check them.</summary>
    internal AskOptions AsAskOptions() => new() { MaxNewTokens = MaxNewTokens, MinNewTokens = MinNewTokens };
}
