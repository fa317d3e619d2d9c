using System.Globalization;
using System.Text;

namespace Blip;

/// <summary>An answer that is read as a value. When the text is not such a value, there is none. Immutable.</summary>
/// <typeparam name="T"><see cref="bool"/>, <see cref="int"/> or an enumeration.</typeparam>
/// <param name="Answer">The answer in words.</param>
/// <param name="Value">The value, or <see langword="null"/> when the text is not a value.</param>
public sealed record TypedAnswer<T>(Answer Answer, T? Value)
    where T : struct
{
    private static readonly string[] Numbers =
    [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
        "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
    ];

    /// <summary>The values in words, each of which is read as its value.</summary>
    internal static readonly string[] Choices = typeof(T) == typeof(bool) ? ["yes", "no"]
        : typeof(T) == typeof(int)
            ? NumbersInWords(0, Numbers.Length - 1)
        : typeof(T).IsEnum ? [.. Enum.GetNames(typeof(T)).Select(InWords)]
        : [];

    /// <summary>Whether the text is a value.</summary>
    public bool HasValue => Value.HasValue;

    /// <summary>The options by which the values are ranked, unless the caller has said how an answer is found.</summary>
    internal static AskOptions Rank(AskOptions? options)
    {
        options ??= AskOptions.Default;
        bool ranks = options is { Choices: null, Beams: 1, TopLogProbabilities: 0 } && Choices.Length > 0;
        return ranks ? options with { Choices = Choices } : options;
    }

    /// <summary>The numbers of a range in digits, and in words as far as those are read.</summary>
    internal static string[] NumbersInWords(int least, int most) =>
    [
        .. Enumerable.Range(least, most - least + 1).Select(number => number.ToString(CultureInfo.InvariantCulture)),
        .. Numbers.Skip(least).Take(most - least + 1),
    ];

    internal static TypedAnswer<T> Parse(Answer answer) => new(answer, ParseText(answer.Text.Trim()));

    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is not one of the supported types.</exception>
    internal static void ThrowIfUnsupported()
    {
        if (typeof(T) != typeof(bool) && typeof(T) != typeof(int) && !typeof(T).IsEnum)
            throw new NotSupportedException($"An answer can be read as bool, int or an enumeration, not as {typeof(T).Name}.");
    }

    private static T? ParseText(string text)
    {
        if (typeof(T) == typeof(bool))
        {
            return text.ToLowerInvariant() switch
            {
                "yes" or "true" => (T)(object)true,
                "no" or "false" => (T)(object)false,
                _ => null,
            };
        }
        if (typeof(T) == typeof(int))
        {
            int number = Array.IndexOf(Numbers, text.ToLowerInvariant());
            return number >= 0 || int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number)
                ? (T)(object)number
                : null;
        }
        // What was ranked is one of the names in words. Two names may differ in nothing but their spaces.
        int place = Array.IndexOf(Choices, text);
        if (place >= 0)
            return Enum.Parse<T>(Enum.GetNames(typeof(T))[place]);
        // "fire truck" is FireTruck, because an identifier has no spaces. Enum.TryParse also accepts numbers and lists of names, which are
        // no name.
        string name = text.Replace(" ", "", StringComparison.Ordinal);
        return name.Length > 0 && char.IsLetter(name[0]) && name.All(c => char.IsLetterOrDigit(c) || c == '_')
            && Enum.TryParse(name, ignoreCase: true, out T value) && Enum.IsDefined(typeof(T), value) ? value : null;
    }

    /// <summary><c>FireTruck</c> and <c>fire_truck</c> as <c>fire truck</c>.</summary>
    internal static string InWords(string name)
    {
        StringBuilder words = new();
        for (int i = 0; i < name.Length; i++)
        {
            bool begins = i > 0 && char.IsUpper(name[i])
                && (char.IsLower(name[i - 1]) || (char.IsUpper(name[i - 1]) && i + 1 < name.Length && char.IsLower(name[i + 1])));
            if (begins)
                words.Append(' ');
            words.Append(name[i] == '_' ? ' ' : char.ToLowerInvariant(name[i]));
        }
        return words.ToString().Trim();
    }
}
