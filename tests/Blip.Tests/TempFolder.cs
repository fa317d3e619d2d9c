namespace Blip.Tests;

/// <summary>
/// A temporary folder for one test. Its name has a space and a letter that is not ASCII. It is deleted when it is disposed.
/// </summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("blip tést ").FullName;

    /// <summary>Copies a folder's files into a new folder in this one, and returns the path of the new folder.</summary>
    public string Copy(string folder, string name)
    {
        string target = Directory.CreateDirectory(System.IO.Path.Combine(Path, name)).FullName;
        foreach (string file in Directory.GetFiles(folder))
            File.Copy(file, System.IO.Path.Combine(target, System.IO.Path.GetFileName(file)));
        return target;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
