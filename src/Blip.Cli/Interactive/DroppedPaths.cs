using System.Text;
using Blip.Files;

namespace Blip.Cli.Interactive;

/// <summary>
/// Reads paths as terminals write them when a file is dropped, and as people type them: with quotes, with a backslash before a space, as
/// <c>file://</c>, or as they are.
/// </summary>
internal static class DroppedPaths
{
    /// <summary>Takes a line apart into words, without their quotes.</summary>
    public static string[] Split(string line)
    {
        List<string> words = [];
        for (int i = 0; i < line.Length;)
        {
            if (char.IsWhiteSpace(line[i]))
                i++;
            else
                words.Add(ReadWord(line, ref i));
        }
        return [.. words];
    }

    /// <summary>Where the last word of a line begins; behind the line where it ends with a space.</summary>
    public static int LastWord(string line)
    {
        int start = 0;
        for (int i = 0; i < line.Length;)
        {
            if (char.IsWhiteSpace(line[i]))
            {
                start = ++i;
                continue;
            }
            start = i;
            ReadWord(line, ref i);
        }
        return start;
    }

    /// <summary>The first word, and what follows it as it stands.</summary>
    public static (string Word, string After) First(string line)
    {
        line = line.TrimStart();
        int i = 0;
        string word = ReadWord(line, ref i);
        return (word, line[i..].Trim());
    }

    /// <summary>The path that a word names.</summary>
    public static string ToPath(string word)
    {
        if (word.StartsWith("file:", StringComparison.OrdinalIgnoreCase) && Uri.TryCreate(word, UriKind.Absolute, out Uri? address)
            && (address.Host.Length == 0 || address.IsLoopback))
            return address.Host.Length == 0 ? address.LocalPath : Uri.UnescapeDataString(address.AbsolutePath);
        return HomePath.Expand(word);
    }

    private static string ReadWord(string line, ref int i)
    {
        StringBuilder word = new();
        char? quote = null;
        bool isQuoted = i < line.Length && (line[i] is '\'' or '"');
        for (; i < line.Length && (quote is not null || !char.IsWhiteSpace(line[i])); i++)
        {
            char c = line[i];
            // An apostrophe within a word is one, what's, unless quotes began the word.
            if (c == quote)
                quote = null;
            else if (quote is null && (c == '"' || (c == '\'' && isQuoted)))
                quote = c;
            else if (c == '\\' && quote != '\'' && !OperatingSystem.IsWindows() && i + 1 < line.Length)
                word.Append(line[++i]);
            else
                word.Append(c);
        }
        return word.ToString();
    }
}
