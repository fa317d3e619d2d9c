using Blip.AI.Images;
using Blip.Files;

namespace Blip.Cli.Interactive;

/// <summary>What takes the place of the text from <paramref name="Start"/> to the cursor, and what else could follow.</summary>
/// <param name="Start">The first character that is replaced.</param>
/// <param name="Text">What comes there.</param>
/// <param name="Choices">All that fit, where there are several.</param>
internal readonly record struct Completion(int Start, string Text, IReadOnlyList<string> Choices);

/// <summary>Completes the path at the end of a line: folders, and files with an image's ending.</summary>
internal static class PathCompletion
{
    private static readonly StringComparison Comparison =
        OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;

    private static readonly EnumerationOptions Options = new() { IgnoreInaccessible = true, AttributesToSkip = FileAttributes.System };

    public static Completion Complete(string text)
    {
        int start = DroppedPaths.LastWord(text);
        string written = text[start..];
        char? quote = written is ['\'' or '"', ..] ? written[0] : null;
        string path = DroppedPaths.Split(written) is [{ } word, ..] ? word : "";
        string folder = path[..^Path.GetFileName(path).Length];
        string begun = path[folder.Length..];
        string[] names = Find(HomePath.Expand(folder.Length == 0 ? "." : folder), begun);
        if (names.Length == 0)
            return new Completion(start, written, []);
        string common = names.Aggregate(CommonStart);
        string found = folder + (common.Length < begun.Length ? begun : common);
        // A file is complete with its quote; a folder goes on.
        bool isWhole = names.Length == 1 && !found.EndsWith(Path.DirectorySeparatorChar);
        return new Completion(start, Write(found, quote, isWhole), found.Length > path.Length || names.Length == 1 ? [] : names);
    }

    private static string[] Find(string folder, string begun)
    {
        if (!Directory.Exists(folder))
            return [];
        return
        [
            .. new DirectoryInfo(folder).EnumerateFileSystemInfos("*", Options)
                .Where(entry => entry.Name.StartsWith(begun, Comparison) && (begun.StartsWith('.') || !entry.Name.StartsWith('.')))
                .Where(entry => Directory.Exists(entry.FullName) || ImageFileList.HasImageEnding(entry.Name))
                .Select(entry => Directory.Exists(entry.FullName) ? entry.Name + Path.DirectorySeparatorChar : entry.Name)
                .Order(StringComparer.Ordinal),
        ];
    }

    private static string CommonStart(string one, string other)
    {
        int length = 0;
        while (length < Math.Min(one.Length, other.Length) && string.Compare(one, length, other, length, 1, Comparison) == 0)
            length++;
        return one[..length];
    }

    private static string Write(string path, char? quote, bool isWhole)
    {
        if (quote is { } mark)
            return mark + path + (isWhole ? mark : "");
        if (OperatingSystem.IsWindows())
            return path.Contains(' ', StringComparison.Ordinal) ? "\"" + path + (isWhole ? "\"" : "") : path;
        return string.Concat(path.Select(c => c is ' ' or '\'' or '"' or '\\' ? $@"\{c}" : c.ToString()));
    }
}
