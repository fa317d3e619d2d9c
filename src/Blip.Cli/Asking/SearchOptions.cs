using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Blip.Hosting.Asking;

namespace Blip.Cli.Asking;

/// <summary>The options that say how an answer or a caption is found: ranked among choices, or searched for by beams.</summary>
internal static class SearchOptions
{
    private const int MaxFileBytes = 8 * 1024 * 1024;

    private static readonly Option<string?> Choices = new("--choices")
    {
        Description = "The possible answers, which the model ranks: separated by commas, or a file with one on each line.",
        HelpName = "A,B,C|FILE",
    };

    private static readonly Option<int?> ChoicesK = NumberOption.CreateOptional(
        "--choices-k", "Rank only this many choices: those with the most likely first token, as the original code does.", least: 1);

    private static readonly Option<bool> ChoicesPerToken = new("--choices-per-token")
    {
        Description = "Divide the score of a choice by the number of its tokens.",
    };

    private static readonly Option<int> Beams = NumberOption.Create(
        "--beams", "How many beginnings of an answer the search follows; 1 is greedy search.", 1, AskOptions.MaxBeams, standard: 1);

    private static readonly Option<int> Best = NumberOption.Create(
        "--best", "How many of the beams' answers to show.", 1, AskOptions.MaxBeams, standard: 1);

    private static readonly Option<double> LengthPenalty = new("--length-penalty")
    {
        Description = "With beams: above 0 favours long answers, below 0 short ones.",
        HelpName = "X",
        DefaultValueFactory = _ => 1,
        CustomParser = ParsePenalty,
    };

    private static readonly Option<string> Stopping = ModelOptions.Choice(
        "--early-stopping", "With beams: end as soon as enough answers are found.", "false", "true", "never");

    /// <summary>Of <c>blip ask</c> alone: a run keeps every answer with its confidence.</summary>
    public static Option<double?> MinConfidence { get; } = new("--min-confidence")
    {
        Description = "Withhold an answer with a lower confidence, 0 to 1, such as 0.8. This is not a failure.",
        HelpName = "X",
        CustomParser = ParseConfidence,
    };

    /// <summary>Those of <c>blip caption</c> too.</summary>
    public static IReadOnlyList<Option> OfBeams { get; } = [Beams, Best, LengthPenalty, Stopping];

    public static IReadOnlyList<Option> All { get; } = [Choices, ChoicesK, ChoicesPerToken, .. OfBeams];

    /// <summary>Says what is wrong with the options together; <see langword="null"/> where nothing is.</summary>
    public static string? FindMistake(ParseResult parsed)
    {
        if (FindBeamMistake(parsed) is { } mistake)
            return mistake;
        if (parsed.GetValue(Choices) is null)
        {
            Option? alone = parsed.GetValue(ChoicesK) is not null ? ChoicesK : parsed.GetValue(ChoicesPerToken) ? ChoicesPerToken : null;
            return alone is null ? null : $"{alone.Name} is for ranking choices. Add {Choices.Name}.";
        }
        return parsed.GetValue(Beams) > 1 ? $"{Choices.Name} ranks given answers, {Beams.Name} searches for others. Leave one out." : null;
    }

    /// <summary>Says what is wrong with the options of beams together; <see langword="null"/> where nothing is.</summary>
    public static string? FindBeamMistake(ParseResult parsed)
    {
        int beams = parsed.GetValue(Beams), best = parsed.GetValue(Best);
        return best > beams ? $"{Best.Name} is {best}, but {Beams.Name} is {beams}. It cannot be more." : null;
    }

    /// <summary>Adds what the user gave to the options of captions.</summary>
    public static CaptionOptions Apply(ParseResult parsed, CaptionOptions options) =>
        options.WithBeams(ApplyBeams(parsed, AskOptions.Default with { NamesMembers = true }));

    /// <summary>Adds what the user gave to the options.</summary>
    /// <exception cref="BlipException">The file with choices cannot be read.</exception>
    public static AskOptions Apply(ParseResult parsed, AskOptions options) => ApplyBeams(parsed, options) with
    {
        Choices = parsed.GetValue(Choices) is { } choices ? ReadChoices(choices) : null,
        ChoicesK = parsed.GetValue(ChoicesK) ?? 0,
        ChoicesPerToken = parsed.GetValue(ChoicesPerToken),
        MinConfidence = parsed.GetResult(MinConfidence) is null ? null : parsed.GetValue(MinConfidence),
    };

    private static AskOptions ApplyBeams(ParseResult parsed, AskOptions options) => options with
    {
        Beams = parsed.GetValue(Beams),
        Best = parsed.GetValue(Best),
        LengthPenalty = parsed.GetValue(LengthPenalty),
        EarlyStopping = AskMembers.Stopping(parsed.GetRequiredValue(Stopping))!.Value,
    };

    private static string[] ReadChoices(string given)
    {
        if (!File.Exists(given))
        {
            return !given.Contains(',', StringComparison.Ordinal) && ImageNames.IsPathLike(given)
                ? throw new BlipException(BlipErrorCode.FileNotFound, $"There is no file {given}.")
                : given.Split(',', StringSplitOptions.TrimEntries);
        }
        if (new FileInfo(given).Length > MaxFileBytes)
            throw new BlipException(BlipErrorCode.InvalidRequest, $"The file {given} is too large to be a list of choices.");
        string[] lines = InputLines.ReadTexts(given);
        return lines.Length > 0 ? lines : throw new BlipException(BlipErrorCode.InvalidRequest, $"The file {given} has no choices.");
    }

    private static double? ParseConfidence(ArgumentResult result)
    {
        string word = result.Tokens is [.., { Value: var last }] ? last : "";
        if (double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value is >= 0 and <= 1)
            return value;
        result.AddError($"--min-confidence is {word}, but must be a number, 0 to 1.");
        return null;
    }

    private static double ParsePenalty(ArgumentResult result)
    {
        string word = result.Tokens is [.., { Value: var last }] ? last : "";
        if (double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && Math.Abs(value) <= AskOptions.MaxLengthPenalty)
            return value;
        result.AddError(
            $"--length-penalty is {word}, but must be a number, -{AskOptions.MaxLengthPenalty} to {AskOptions.MaxLengthPenalty}.");
        return 1;
    }
}
