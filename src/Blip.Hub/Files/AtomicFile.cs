namespace Blip.Files;

/// <summary>Replaces files whole.</summary>
internal static class AtomicFile
{
    /// <summary>Writes beside the target and renames: a reader sees the old content or the new, never a part.</summary>
    public static void Replace(string path, string content)
    {
        string folder = Path.GetDirectoryName(path) ?? path;
        Directory.CreateDirectory(folder);
        // A leading dot: never the name of a reference in the hub's cache.
        string temporary = Path.Combine(folder, $".{Guid.NewGuid():N}.incomplete");
        File.WriteAllText(temporary, content);
        File.Move(temporary, path, overwrite: true);
    }
}
