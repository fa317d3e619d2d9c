namespace Blip.Files;

/// <summary>Replaces the whole content of a file in one step.</summary>
internal static class AtomicFile
{
    /// <summary>Writes a new file and renames it to the target: a reader gets all of the old content or all of the new.</summary>
    public static void Replace(string path, string content)
    {
        string folder = Path.GetDirectoryName(path) ?? path;
        Directory.CreateDirectory(folder);
        // No reference in the hub's cache has a name that starts with a dot, so nobody takes this file for one.
        string temporary = Path.Combine(folder, $".{Guid.NewGuid():N}.incomplete");
        try
        {
            File.WriteAllText(temporary, content);
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            // On a full disk every try would leave a file behind.
            File.Delete(temporary);
            throw;
        }
    }
}
