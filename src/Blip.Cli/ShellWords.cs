namespace Blip.Cli;

/// <summary>Words as a person writes them in a shell.</summary>
internal static class ShellWords
{
    /// <summary>Puts the words in a line. Those that a shell would take apart or change get quotes.</summary>
    public static string Join(IEnumerable<string> words) => string.Join(' ', words.Select(word => IsPlain(word) ? word : Quote(word)));

    /// <summary>The word in quotes, whatever it is.</summary>
    public static string Quote(string word)
    {
        if (OperatingSystem.IsWindows())
            return $"\"{word.Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
        return word.Any(c => c is '"' or '$' or '`' or '\\' or '!')
            ? $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'"
            : $"\"{word}\"";
    }

    private static bool IsPlain(string word) => word.Length > 0
        && word.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.' or '/' or ':' or ',' or '=' or '+' or '@' or '%'
            || (c == '\\' && OperatingSystem.IsWindows()));
}
