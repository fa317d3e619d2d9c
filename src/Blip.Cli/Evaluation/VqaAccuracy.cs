using System.Globalization;
using System.Text.RegularExpressions;

namespace Blip.Cli.Evaluation;

/// <summary>
/// The accuracy of the VQA challenge, as its own tool computes it (visualqa.org, evaluation code of version 2): an answer is right as far
/// as three of ten people agree with it. Where the ten do not all agree, answers are compared in a plain form.
/// </summary>
internal static partial class VqaAccuracy
{
    /// <summary>People who must agree, besides the one whose answer is left out, for an answer to be wholly right.</summary>
    private const int Agreeing = 3;

    /// <summary>The tool gives a count where it means flags, so it removes no more points than this.</summary>
    private const int MostPoints = 32;

    private const string Marks = ";/[]\"{}()=+\\_-><@`,?!";

    private static readonly string[] Articles = ["a", "an", "the"];

    private static readonly Dictionary<string, string> Digits = new()
    {
        ["none"] = "0", ["zero"] = "0", ["one"] = "1", ["two"] = "2", ["three"] = "3", ["four"] = "4", ["five"] = "5", ["six"] = "6",
        ["seven"] = "7", ["eight"] = "8", ["nine"] = "9", ["ten"] = "10",
    };

    /// <summary>Short forms that the tool corrects when an apostrophe is missing. It never finds those of I.</summary>
    private const string ShortForms = """
        ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't he'd he'd've he's how'd how'll
        how's isn't it'd it'd've it'll ma'am mightn't mightn't've might've mustn't must've needn't not've o'clock oughtn't
        'ow's'at shan't she'd've should've shouldn't shouldn't've somebody'd've somebody'll somebody's someone'd someone'd've someone'll
        someone's something'd something'd've something'll that's there'd there'd've there're there's they'd they'd've they'll they're
        they've 'twas wasn't we'd've we've weren't what'll what're what's what've when's where'd where's where've who'd who'd've who'll
        who's who've why'll why're why's won't would've wouldn't wouldn't've y'all y'all'll y'all'd've you'd you'd've you'll you're you've
        """;

    // The tool's list has this one reversed.
    private static readonly Dictionary<string, string> Mended = new(Mends()) { ["somebody'd"] = "somebodyd" };

    /// <summary>How right an answer is: 0 to 1.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="people">What people answered: ten in the challenge's data. With fewer than four, one that agrees is enough.</param>
    public static double Of(string answer, IReadOnlyList<string> people)
    {
        string[] truths = [.. people.Select(Tidy)];
        string given = Tidy(answer);
        if (truths.Distinct(StringComparer.Ordinal).Count() > 1)
            (truths, given) = ([.. truths.Select(Normalize)], Normalize(given));
        int agree = truths.Count(truth => truth == given);
        if (truths.Length <= Agreeing)
            return agree > 0 ? 1 : 0;
        double sum = 0;
        foreach (string truth in truths)
            sum += Math.Min(1, (agree - (truth == given ? 1 : 0)) / (double)Agreeing);
        return sum / truths.Length;
    }

    /// <summary>How right an answer is where there is one right answer: 1 where their plain forms are the same, else 0.</summary>
    public static double Of(string answer, string truth) => Plain(answer) == Plain(truth) ? 1 : 0;

    /// <summary>An answer's plain form: no capitals, punctuation or articles, numbers up to ten in digits.</summary>
    public static string Plain(string answer) => Normalize(Tidy(answer));

    /// <summary>A number in percent with two decimals, rounded as Python's round does.</summary>
    public static double Percent(double share)
    {
        // A decimal holds what is exact of a double's first digits, and ties go to the even digit.
        decimal exact = decimal.Parse((100 * share).ToString("F20", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return (double)decimal.Round(exact, 2, MidpointRounding.ToEven);
    }

    private static string Tidy(string answer) => answer.Replace('\n', ' ').Replace('\t', ' ').Trim();

    private static string Normalize(string answer)
    {
        string text = answer;
        bool hasNumber = CommaInNumber().IsMatch(answer);
        foreach (char mark in Marks)
        {
            bool stands = hasNumber || answer.Contains($"{mark} ", StringComparison.Ordinal)
                || answer.Contains($" {mark}", StringComparison.Ordinal);
            text = text.Replace(mark.ToString(), stands ? "" : " ", StringComparison.Ordinal);
        }
        text = PointBeforeNoDigit().Replace(text, "", MostPoints);
        string[] words = text.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return string.Join(' ', words.Select(word => Digits.GetValueOrDefault(word, word)).Where(word => !Articles.Contains(word))
            .Select(word => Mended.GetValueOrDefault(word, word)));
    }

    private static IEnumerable<KeyValuePair<string, string>> Mends() =>
        from form in ShortForms.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
        from place in Enumerable.Range(0, form.Length)
        where form[place] == '\''
        select KeyValuePair.Create(form.Remove(place, 1), form);

    [GeneratedRegex(@"\d,\d")]
    private static partial Regex CommaInNumber();

    [GeneratedRegex(@"\.(?!\d)")]
    private static partial Regex PointBeforeNoDigit();
}
