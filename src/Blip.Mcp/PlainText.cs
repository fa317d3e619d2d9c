using System.Globalization;
using System.Text;

namespace Blip.Mcp;

/// <summary>Makes a caller's text fit to be repeated in a message or the log: short, and in one line.</summary>
internal static class PlainText
{
    /// <summary>How many characters of a name are shown.</summary>
    public const int MaxLength = 60;

    /// <summary>The length of a name of <see cref="MaxLength"/> characters where each is escaped.</summary>
    public const int LongestEscape = 6 * MaxLength;

    /// <summary>Cuts the text, and writes unusual characters as codes: <c>\u001b</c>.</summary>
    public static string Of(string text, int maxLength = MaxLength)
    {
        StringBuilder plain = new(Math.Min(text.Length, maxLength));
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, maxLength)))
        {
            if (IsPlain(c))
                plain.Append(c);
            else
                plain.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }
        return text.Length > maxLength ? plain.Append('…').ToString() : plain.ToString();
    }

    // The rest moves the cursor, begins a line, changes the direction of writing, or is half of a character.
    private static bool IsPlain(char c) => char.GetUnicodeCategory(c) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
