using System.Diagnostics;
using System.IO.Enumeration;

namespace Blip.AI.Images;

/// <summary>The newest image files of some folders.</summary>
/// <param name="Files">The newest first, each by a name under which it is read.</param>
/// <param name="IsMore">Whether there are more.</param>
internal sealed record ImageFileList(IReadOnlyList<ListedImage> Files, bool IsMore)
{
    private const int MaxEntries = 20_000;
    private const int MaxDepth = 4;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    // Also those that Blip does not read: an error for each is better than a silence.
    private static readonly HashSet<string> Endings = new(StringComparer.OrdinalIgnoreCase)
    {
        ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".webp", ".bmp", ".dib",
        ".heic", ".heif", ".avif", ".tif", ".tiff", ".jxl",
    };

    private static readonly EnumerationOptions Readable = new()
    {
        IgnoreInaccessible = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System, RecurseSubdirectories = true,
        MaxRecursionDepth = MaxDepth,
    };

    public static ImageFileList Empty { get; } = new([], false);

    /// <summary>Whether a file's name ends as that of an image.</summary>
    public static bool HasImageEnding(ReadOnlySpan<char> name) =>
        Endings.GetAlternateLookup<ReadOnlySpan<char>>().Contains(Path.GetExtension(name));

    /// <summary>
    /// Looks through folders and what is below them, within bounds: a depth of 4 folders, 20,000 entries and 2 seconds. Hidden and
    /// unreadable ones are passed over, and so are folders behind links.
    /// </summary>
    /// <param name="folders">Full paths.</param>
    /// <param name="most">The most files of the list.</param>
    /// <param name="find">The name of a file by its path and its folder, and the file itself; null where it cannot be read.</param>
    public static ImageFileList Of(IEnumerable<string> folders, int most, Func<string, string, (string Name, FileInfo File)?> find)
    {
        long begin = Stopwatch.GetTimestamp();
        List<(string Path, string Folder, DateTimeOffset Changed)> found = [];
        int entries = 0;
        foreach (string folder in folders)
        {
            FileSystemEnumerable<(string Path, DateTimeOffset Changed)> files = new(
                folder, (ref FileSystemEntry entry) => (entry.ToFullPath(), entry.LastWriteTimeUtc), Readable)
            {
                ShouldIncludePredicate = (ref FileSystemEntry entry) =>
                    IsInBounds() && !entry.IsDirectory && HasImageEnding(entry.FileName),
                ShouldRecursePredicate = (ref FileSystemEntry entry) =>
                    IsInBounds() && !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
            };
            try
            {
                foreach ((string path, DateTimeOffset changed) in files)
                    found.Add((path, folder, changed));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // A folder that is gone, or of a disk that fails: the others are listed.
            }
        }
        List<ListedImage> list = [];
        foreach ((string path, string folder, _) in found.DistinctBy(f => f.Path).OrderByDescending(f => f.Changed).ThenBy(f => f.Path))
        {
            if (Stopwatch.GetElapsedTime(begin) > 2 * Limit)
                break;
            if (find(path, folder) is not ({ } name, { Exists: true, Length: > 0 and var bytes }))
                continue;
            if (list.Count == most)
                return new ImageFileList(list, true);
            list.Add(new ListedImage { Image = name, Bytes = bytes });
        }
        return new ImageFileList(list, false);

        bool IsInBounds() => ++entries <= MaxEntries && Stopwatch.GetElapsedTime(begin) < Limit;
    }
}
