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

    /// <summary>
    /// How many beginnings of a caption the search follows at the same time: 1 to 16, and with <see cref="MaxNewTokens"/> at most 4,096
    /// tokens. 1, the default, is greedy search.
    /// </summary>
    public int Beams { get; init; } = 1;

    /// <summary>How many captions <see cref="Caption.Sequences"/> has: 1, the default, to <see cref="Beams"/>.</summary>
    public int Best { get; init; } = 1;

    /// <summary>
    /// With beams: the power of the length by which the score of a caption is divided. Above 0 it favours long captions, below 0 short
    /// ones. 1 by default.
    /// </summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>With beams: when the search ends. <see cref="EarlyStopping.False"/> by default.</summary>
    public EarlyStopping EarlyStopping { get; init; }

    /// <inheritdoc cref="AskOptions.NamesMembers"/>
    internal bool NamesMembers { get; init; }

    /// <summary>These with the beams of options of asking.</summary>
    internal CaptionOptions WithBeams(AskOptions options) => this with
    {
        Beams = options.Beams,
        Best = options.Best,
        LengthPenalty = options.LengthPenalty,
        EarlyStopping = options.EarlyStopping,
        NamesMembers = options.NamesMembers,
    };

    /// <summary>The same as options of asking, which check them.</summary>
    internal AskOptions AsAskOptions() => new()
    {
        MaxNewTokens = MaxNewTokens,
        MinNewTokens = MinNewTokens,
        Beams = Beams,
        Best = Best,
        LengthPenalty = LengthPenalty,
        EarlyStopping = EarlyStopping,
        NamesMembers = NamesMembers,
    };
}
