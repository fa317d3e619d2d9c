namespace Blip.Cli.Asking;

/// <summary>Separates images and question in the words of <c>blip ask</c>.</summary>
internal static class AskWords
{
    /// <summary>Says what is wrong with the words where they cannot be images and a question.</summary>
    /// <param name="words">The words that are not options.</param>
    /// <param name="questions">What -q gave. Without any, the last word is the question.</param>
    /// <param name="others">The other words, which belong to the line as it should be.</param>
    /// <returns>A sentence, mostly with the whole line as it should be; <see langword="null"/> where nothing is wrong.</returns>
    public static string? FindMistake(IReadOnlyList<string> words, IReadOnlyList<string> questions, IReadOnlyList<string> others)
    {
        if (words.Count(word => word == InputLines.StandardInput) > 1)
            return "- means standard input and can be given once.";
        if (questions.Count > 0)
        {
            string[] stray = [.. words.Where(word => !NamesImage(word))];
            if (stray.Length == 0)
                return null;
            return questions.Count > 1 || stray.Length == words.Count
                ? NoImage(stray[0])
                : $"The question needs quotes: {Line(words.Where(NamesImage), ["-q", Question([questions[0], .. stray])], others)}";
        }

        string last = words[^1];
        string? unknown = words.SkipLast(1).FirstOrDefault(word => !NamesImage(word));
        if (unknown is null)
        {
            if (!IsThere(last))
                return null;
            string kind = Directory.Exists(last) ? "a folder" : "an image";
            return $"The last word is the question, but {last} is {kind}: {Line(words, ["\"QUESTION\""], others)}";
        }
        // A question in quotes needs no reminder.
        bool isQuoted = last.Contains(' ', StringComparison.Ordinal) && !IsThere(last);
        string[] images = [.. words.TakeWhile(NamesImage)];
        if (images.Length > 0)
        {
            return isQuoted ? NoImage(unknown)
                : $"The question needs quotes: {Line(images, [Question(words.Skip(images.Length))], others)}";
        }
        images = [.. words.Reverse().TakeWhile(NamesImage).Reverse()];
        if (images.Length > 0 && !isQuoted)
            return $"Images come first, then the question: {Line(images, [Question(words.SkipLast(images.Length))], others)}";
        return isQuoted || words.Count == 2 ? NoImage(unknown)
            : $"No word is an image. Write the image first, and the question in quotes: blip ask IMAGE {Question(words)}";
    }

    /// <summary>Whether a word can be meant as an image: also a path of a file that does not exist.</summary>
    public static bool NamesImage(string word) => IsThere(word) || ImageNames.IsPattern(word) || ImageNames.IsPathLike(word);

    /// <summary>Whether a word is standard input, an address, a data URI, or a file or folder that exists.</summary>
    public static bool IsThere(string word) =>
        word == InputLines.StandardInput || !ImageReader.IsFile(word) || File.Exists(word) || Directory.Exists(word);

    /// <summary>Says so where a verb's first word came later.</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="first">What comes first: an image or a folder.</param>
    /// <param name="given">The word that was given there, which names none.</param>
    /// <param name="rest">What the other words are.</param>
    /// <param name="others">The other words.</param>
    /// <param name="isFirst">Whether a word is what comes first.</param>
    public static string? FindLateFirst(
        string verb, string first, string given, string rest, IReadOnlyList<string> others, Predicate<string> isFirst) =>
        others.FirstOrDefault(word => isFirst(word)) is not { } late ? null
            : $"The {first} comes first, then the {rest}: {ShellWords.Join(["blip", verb, late, given, .. others.Where(o => o != late)])}";

    /// <summary>Says that a verb which takes one image was given another; <see langword="null"/> where none is.</summary>
    public static string? FindSecondImage(string verb, IReadOnlyList<string> others) =>
        others.FirstOrDefault(ImageReader.IsImage) is { } second
            ? $"blip {verb} takes one image, and {second} is another. Run the command once for each image." : null;

    private static string NoImage(string word) => $"'{word}' is not an image: there is no such file or folder.";

    /// <summary>The question in quotes that a shell knows: those of a text processor are words to it.</summary>
    private static string Question(IEnumerable<string> words) =>
        ShellWords.Quote(string.Join(' ', words).Trim('\u201c', '\u201d', '\u201e', '\u2018', '\u2019', '\u00ab', '\u00bb'));

    private static string Line(IEnumerable<string> images, IEnumerable<string> question, IEnumerable<string> others) =>
        $"{ShellWords.Join(["blip", "ask", .. images])} {string.Join(' ', question)} {ShellWords.Join(others)}".TrimEnd();
}
