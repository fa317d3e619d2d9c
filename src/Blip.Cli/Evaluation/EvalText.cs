using System.Globalization;
using Blip.Cli.Terminals;

namespace Blip.Cli.Evaluation;

/// <summary>Scores as lines for people.</summary>
internal static class EvalText
{
    private const int MostTypes = 12, MostFlips = 20;

    public static void Write(Scores scores, Comparison? comparison)
    {
        Facts.Write("questions", Format($"{scores.Questions.Count}{(scores.Failed > 0 ? Format($", {scores.Failed} failed") : "")}"));
        Facts.Write("accuracy", Percent(scores.Accuracy));
        Facts.Write("by answer", Types(scores.ByAnswerType));
        Facts.Write("by question", Types(scores.ByQuestionType));
        Facts.Write("exact match", Percent(scores.ExactMatch));
        if (scores.YesNo is { } yesNo)
        {
            Facts.Write("yes/no F1", Format($"{Percent(yesNo.F1)}, precision {Percent(yesNo.Precision)}, recall {Percent(yesNo.Recall)}")
                + Format($", {yesNo.Questions} {(yesNo.Questions == 1 ? "question" : "questions")}"));
        }
        if (scores.CalibrationError is { } error)
        {
            Facts.Write("ECE", Format($"{Percent(error)}, {Scores.BinCount} bins"));
            Facts.Write("sure answers", string.Join(", ", ((int[])[50, 80, 90]).Select(coverage =>
                Format($"the surest {coverage} %: {Percent(scores.At(coverage / 100.0).Accuracy)} right"))));
        }
        if (comparison is not null)
            Write(comparison);
    }

    public static string Percent(double share) => Format($"{VqaAccuracy.Percent(share):0.00} %");

    /// <summary>An answer with its margin.</summary>
    public static string Describe(Scored scored) =>
        (scored.IsFailed ? "no answer" : scored.Answer.Length == 0 ? "nothing" : scored.Answer)
        + (scored.Margin is { } margin ? Format($" (margin {margin:0.00})") : "");

    private static void Write(Comparison comparison)
    {
        Facts.Write("against", Percent(comparison.Against.Accuracy));
        Facts.Write("flips", Format($"{comparison.Flips.Count} of {comparison.Common}: {comparison.Lost} lost, {comparison.Won} won"));
        foreach ((Scored first, Scored second) in comparison.Flips.Take(MostFlips))
        {
            Facts.Write("", $"{first.Item.Image}: {first.Item.Question} {Describe(first)}, against {Describe(second)}; right is "
                + first.Truth);
        }
        if (comparison.Flips.Count > MostFlips)
            Facts.Write("", Format($"and {comparison.Flips.Count - MostFlips} more: --json has all"));
    }

    private static string Types(IReadOnlyList<(string Type, int Count, double Accuracy)> types)
    {
        string text = string.Join(", ", types.OrderByDescending(type => type.Count).Take(MostTypes)
            .Select(type => Format($"{type.Type} {Percent(type.Accuracy)} of {type.Count}")));
        return types.Count > MostTypes ? text + Format($", {types.Count - MostTypes} more") : text;
    }

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
