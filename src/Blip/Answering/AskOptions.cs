using System.Globalization;
using System.Text.Json;
using Blip.Decoding;
using Blip.Text;

namespace Blip;

/// <summary>
/// How a question is answered. With the defaults the answers are those of <c>generate</c> in the transformers library. Immutable.
/// </summary>
public sealed record AskOptions
{
    internal const int MaxTopLogProbabilities = 20;
    internal const int MaxBeams = 16;

    /// <summary>What the decoder has read of them takes 300 MB of memory with the full-size model.</summary>
    private const int MaxBeamTokens = 4096;
    internal const double MaxLengthPenalty = 10;

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
    /// How many of the most likely tokens <see cref="Answer.TopLogProbabilities"/> has at each place: 0 to 20, and no more than the model's
    /// vocabulary has. 0 by default: none, at no cost.
    /// </summary>
    public int TopLogProbabilities { get; init; }

    /// <summary>
    /// The possible answers. The model ranks them by their probability instead of searching. <see langword="null"/>, the default, for any
    /// answer. Each choice is plain words, not longer than the decoder reads, and different from the others for the model, which ignores
    /// capitals. All together have at most 100,000 tokens. The limits on new tokens do not apply.
    /// </summary>
    public IReadOnlyList<string>? Choices { get; init; }

    /// <summary>
    /// Ranks in two stages, as the original code does: only this many <see cref="Choices"/> are ranked, those with the most likely first
    /// tokens, and scores have the label smoothing of its loss, 0.1. Faster for thousands of choices. 0, the default, ranks all exactly.
    /// </summary>
    public int ChoicesK { get; init; }

    /// <summary>
    /// Whether the score of a choice is divided by the number of its tokens, so that long choices do not get lower scores. False by
    /// default.
    /// </summary>
    public bool ChoicesPerToken { get; init; }

    /// <summary>Whether <see cref="Choices"/> are ranked by their first token alone, as if the answer ended with it.</summary>
    internal bool ChoicesByFirstToken { get; init; }

    /// <summary>
    /// Whether <see cref="Choices"/> that cannot be ranked, or are another one to the model, are left out instead of refused; one must be
    /// left.
    /// </summary>
    internal bool ChoicesThatCan { get; init; }

    /// <summary>
    /// How many beginnings of an answer the search follows at the same time: 1 to 16, and with <see cref="MaxNewTokens"/> at most 4,096
    /// tokens. 1, the default, is greedy search.
    /// </summary>
    public int Beams { get; init; } = 1;

    /// <summary>How many answers <see cref="Answer.Sequences"/> has: 1, the default, to <see cref="Beams"/>.</summary>
    public int Best { get; init; } = 1;

    /// <summary>
    /// With beams: the power of the length by which the score of an answer is divided. Above 0 it favours long answers, below 0 short
    /// ones. 1 by default.
    /// </summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>With beams: when the search ends. <see cref="EarlyStopping.False"/> by default.</summary>
    public EarlyStopping EarlyStopping { get; init; }

    /// <summary>
    /// The confidence below which an answer counts as "not sure": 0 to 1, <see langword="null"/> (the default) for none. Such an answer is
    /// marked (<see cref="Answer.IsLowConfidence"/>); the command, HTTP and the tools withhold it, with the code
    /// <see cref="BlipErrorCode.LowConfidence"/>.
    /// </summary>
    public double? MinConfidence { get; init; }

    /// <summary>
    /// Whether <see cref="Answer.Evidence"/> says where the question looked. It costs less than two further questions; the first time, one
    /// more network is made. On a CPU only. False by default.
    /// </summary>
    public bool Explain { get; init; }

    /// <summary>
    /// Temperatures at which each answer's probability is computed, to fit a <see cref="Calibration"/>. The model's own is not used then.
    /// </summary>
    internal double[]? Temperatures { get; init; }

    /// <summary>
    /// Whether errors name the members of JSON, <c>length_penalty</c>, for callers who do not see these properties.
    /// </summary>
    internal bool NamesMembers { get; init; }

    /// <summary>How an answer is searched for; <see langword="null"/> for greedy search.</summary>
    internal BeamPlan? PlanBeams() => Beams == 1 ? null : new BeamPlan(Beams, Best, LengthPenalty, EarlyStopping);

    /// <param name="positions">How many tokens the decoder can give.</param>
    /// <exception cref="BlipException"><see cref="BlipErrorCode.InvalidRequest"/>.</exception>
    internal void Validate(int positions)
    {
        if (MaxNewTokens < 1)
            throw Invalid($"{nameof(MaxNewTokens)} is {MaxNewTokens}; it must be at least 1.");
        if (MinNewTokens < 0)
            throw Invalid($"{nameof(MinNewTokens)} is {MinNewTokens}; it must be at least 0.");
        if (MinNewTokens > MaxNewTokens)
            throw Invalid($"{nameof(MinNewTokens)} is {MinNewTokens}, more than {nameof(MaxNewTokens)}, which is {MaxNewTokens}.");
        // transformers ends with an index that is out of range.
        if (MinNewTokens > positions)
            throw Invalid($"{nameof(MinNewTokens)} is {MinNewTokens}, but this model gives at most {positions} tokens.");
        if (TopLogProbabilities is < 0 or > MaxTopLogProbabilities)
            throw Invalid($"{nameof(TopLogProbabilities)} is {TopLogProbabilities}; it must be 0 to {MaxTopLogProbabilities}.");
        if (Beams is < 1 or > MaxBeams)
            throw Invalid($"{nameof(Beams)} is {Beams}; it must be 1 to {MaxBeams}.");
        if (Beams > 1 && (long)Beams * Math.Min(MaxNewTokens, positions) > MaxBeamTokens)
        {
            throw Invalid(
                $"{Beams} beams of {Math.Min(MaxNewTokens, positions)} tokens are more than {MaxBeamTokens} tokens. Use fewer of either.");
        }
        if (Best < 1 || Best > Beams)
            throw Invalid($"{nameof(Best)} is {Best}; it must be 1 to {nameof(Beams)}, which is {Beams}.");
        if (!(Math.Abs(LengthPenalty) <= MaxLengthPenalty))
            throw Invalid($"{nameof(LengthPenalty)} is {LengthPenalty}; it must be {-MaxLengthPenalty} to {MaxLengthPenalty}.");
        if (!Enum.IsDefined(EarlyStopping))
            throw Invalid($"{nameof(EarlyStopping)} is {(int)EarlyStopping}, which is not a value of {nameof(EarlyStopping)}.");
        if (Choices is { Count: 0 })
            throw Invalid($"{nameof(Choices)} is empty. Give the possible answers, or leave it out.");
        if (ChoicesK < 0)
            throw Invalid($"{nameof(ChoicesK)} is {ChoicesK}; it must be at least 0.");
        if (Choices is null && (ChoicesK > 0 || ChoicesPerToken))
            throw Invalid($"{nameof(ChoicesK)} and {nameof(ChoicesPerToken)} say how choices are ranked. Give {nameof(Choices)} too.");
        if (Choices is not null && Beams > 1)
            throw Invalid($"{nameof(Choices)} are ranked, not searched for. Leave out {nameof(Beams)}.");
        if (TopLogProbabilities > 0 && (Choices is not null || Beams > 1))
            throw Invalid($"{nameof(TopLogProbabilities)} need greedy search. Leave out {nameof(Beams)} and {nameof(Choices)}.");
        if (MinConfidence is not (null or (>= 0 and <= 1)))
            throw Invalid($"{nameof(MinConfidence)} is {MinConfidence}; it must be 0 to 1.");
        if (!Enum.IsDefined(SpecialTokens))
            throw Invalid($"{nameof(SpecialTokens)} is {(int)SpecialTokens}, which is not a value of {nameof(SpecialTokenMode)}.");

        BlipException Invalid(FormattableString message)
        {
            // All strings among the arguments are names.
            object?[] values = message.GetArguments();
            if (NamesMembers)
                values = [.. values.Select(value => value is string name ? JsonNamingPolicy.SnakeCaseLower.ConvertName(name) : value)];
            return new BlipException(BlipErrorCode.InvalidRequest, string.Format(CultureInfo.InvariantCulture, message.Format, values));
        }
    }
}
