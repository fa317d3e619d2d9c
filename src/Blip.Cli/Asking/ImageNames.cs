using System.IO.Enumeration;
using Blip.AI.Images;
using Blip.Images;

namespace Blip.Cli.Asking;

/// <summary>An image by its name, as answers show it.</summary>
/// <param name="Name">A file, an address, a data URI or - for standard input.</param>
/// <param name="Error">Why a word stands for no image: then the name is that word.</param>
internal readonly record struct ImageName(string Name, BlipException? Error = null)
{
    /// <summary>The images that are one; <see langword="null"/> where the name is that of an image alone.</summary>
    public IReadOnlyList<ImageName>? Frames { get; init; }

    /// <summary>Reads the image.</summary>
    public async Task<BlipImage> ReadAsync(ImageReader reader, CancellationToken cancellationToken)
    {
        if (Error is not null)
            throw Error;
        if (Frames is null)
            return await reader.ReadAsync(Name, cancellationToken);
        List<BlipImage> frames = [];
        foreach (ImageName frame in Frames)
            frames.Add(await frame.ReadAsync(reader, cancellationToken));
        return BlipImage.FromFrames(frames);
    }
}

/// <summary>Finds the images that words stand for: a folder for those in it, a pattern for those that match it.</summary>
internal static class ImageNames
{
    private const string AnyFolders = "**";

    private static readonly EnumerationOptions Visible = new()
    {
        IgnoreInaccessible = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System,
    };

    private static readonly EnumerationOptions Deep = new()
    {
        IgnoreInaccessible = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System, RecurseSubdirectories = true,
    };

    /// <summary>Finds the images of all words, in the order of the words and of the names.</summary>
    /// <param name="words">Files, folders, patterns, addresses, data URIs or -.</param>
    /// <param name="recursive">Whether a folder stands for the images in its subfolders too.</param>
    public static IEnumerable<ImageName> Expand(IEnumerable<string> words, bool recursive)
    {
        foreach (string word in words)
        {
            bool isFolder = ImageReader.IsFile(word) && Directory.Exists(word), isPattern = !isFolder && IsPattern(word);
            if (!isFolder && !isPattern)
            {
                yield return new ImageName(word, FindError(word));
                continue;
            }
            string[] found = [.. (isFolder ? InFolder(word, recursive) : Match(word)).Order(StringComparer.Ordinal)];
            if (found.Length == 0)
                yield return new ImageName(word, new BlipException(BlipErrorCode.FileNotFound, DescribeNone(word, isFolder, recursive)));
            foreach (string file in found)
                yield return new ImageName(file);
        }
    }

    /// <summary>As <see cref="Expand"/>; where no word stands for an image, no model is needed to say so.</summary>
    /// <exception cref="BlipException">No word stands for an image; it is the first one's.</exception>
    public static ImageName[] ExpandAny(IEnumerable<string> words, bool recursive)
    {
        ImageName[] images = [.. Expand(words, recursive)];
        return Array.TrueForAll(images, image => image.Error is not null) ? throw images[0].Error! : images;
    }

    /// <summary>Makes one image of several; of many only those that are looked at are read.</summary>
    /// <param name="words">What the user wrote, which names the image.</param>
    /// <param name="images">What the words stand for.</param>
    public static ImageName AsFrames(IEnumerable<string> words, ImageName[] images) => new(string.Join(' ', words))
    {
        Frames = [.. Animation.Sample(images.Length, BlipImage.MaxFrames).Select(i => images[i])],
    };

    /// <summary>Whether a word is a pattern: <c>*</c>, <c>?</c>, or <c>**</c> for folders. A file of that very name is a file.</summary>
    public static bool IsPattern(string word) =>
        ImageReader.IsFile(word) && (word.Contains('*', StringComparison.Ordinal)
            || (word.Contains('?', StringComparison.Ordinal) && IsPathLike(word))) && !File.Exists(word);

    /// <summary>Whether a word looks like a path, even if there is no such file: it has a separator, or ends as a file does.</summary>
    public static bool IsPathLike(string word)
    {
        if (word.Contains(' ', StringComparison.Ordinal))
            return ImageFileList.HasImageEnding(word);
        string ending = Path.GetExtension(word);
        return word.AsSpan().ContainsAny(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar) || word.StartsWith('~')
            || (ending.Length is > 1 and <= 6 && char.IsAsciiLetter(ending[1]) && ending.Skip(1).All(char.IsAsciiLetterOrDigit));
    }

    /// <summary>Why a word can stand for no image, as far as that is known before it is read.</summary>
    private static BlipException? FindError(string word)
    {
        if (word == InputLines.StandardInput)
            return ImageReader.FindInputError();
        return !ImageReader.IsFile(word) || File.Exists(word)
            ? null : new BlipException(BlipErrorCode.FileNotFound, $"There is no file {word}.");
    }

    private static FileSystemEnumerable<string> InFolder(string folder, bool recursive) => List(
        folder, recursive, (ref entry) => !entry.IsDirectory && ImageFileList.HasImageEnding(entry.FileName));

    private static FileSystemEnumerable<string> List(
        string folder, bool recursive, FileSystemEnumerable<string>.FindPredicate include) =>
        new(folder, (ref entry) => entry.ToSpecifiedFullPath(), recursive ? Deep : Visible)
        {
            ShouldIncludePredicate = include,
            // A link to a folder above would never end.
            ShouldRecursePredicate = (ref entry) => !IsLink(entry),
        };

    private static IEnumerable<string> Match(string pattern)
    {
        string[] parts = pattern.Split(
            [Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries);
        string root = Path.GetPathRoot(pattern) ?? "", here = "." + Path.DirectorySeparatorChar;
        IEnumerable<string> found = Match(root, root.Contains(':', StringComparison.Ordinal) ? parts[1..] : parts);
        return pattern.StartsWith('.') ? found
            : found.Select(name => name.StartsWith(here, StringComparison.Ordinal) ? name[here.Length..] : name);
    }

    private static IEnumerable<string> Match(string folder, ReadOnlyMemory<string> parts)
    {
        if (!Directory.Exists(Open(folder)))
            return [];
        string part = parts.Span[0];
        bool isLast = parts.Length == 1;
        if (part == AnyFolders)
            return isLast ? InFolder(Open(folder), recursive: true) : Below(folder).SelectMany(each => Match(each, parts[1..])).Distinct();
        if (!isLast && !part.AsSpan().ContainsAny('*', '?'))
            return Match(Path.Combine(folder, part), parts[1..]);
        if (!isLast)
            return Names(folder, part, files: false).SelectMany(each => Match(each, parts[1..]));
        // A pattern with an ending means all such files.
        bool all = Path.HasExtension(part) && !part.EndsWith(".*", StringComparison.Ordinal);
        return Names(folder, part, files: true).Where(name => all || ImageFileList.HasImageEnding(name));
    }

    private static IEnumerable<string> Below(string folder) =>
        List(Open(folder), recursive: true, (ref entry) => entry.IsDirectory && !IsLink(entry)).Prepend(folder);

    private static bool IsLink(in FileSystemEntry entry) => entry.Attributes.HasFlag(FileAttributes.ReparsePoint);

    private static FileSystemEnumerable<string> Names(string folder, string part, bool files) => List(
        Open(folder), recursive: false, (ref entry) => entry.IsDirectory != files
            && FileSystemName.MatchesSimpleExpression(part, entry.FileName, ignoreCase: !OperatingSystem.IsLinux()));

    private static string Open(string folder) => folder.Length == 0 ? "." : folder;

    private static string DescribeNone(string word, bool isFolder, bool recursive)
    {
        if (!isFolder)
            return $"No image matches {word}.";
        string deeper = recursive || !Directory.EnumerateDirectories(word, "*", Visible).Any()
            ? "" : $" {AskCommand.Recursive.Name} looks in its subfolders too.";
        return $"There is no image in the folder {word}.{deeper}";
    }
}
