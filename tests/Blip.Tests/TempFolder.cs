namespace Blip.Tests;

/// <summary>A folder of a test's own, with a space and a letter beyond ASCII in its name, gone at the end.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("blip tést ").FullName;

    /// <summary>Copies a folder's files into a new folder in this one, and says where.</summary>
    public string Copy(string folder, string name)
    {
        string target = Directory.CreateDirectory(System.IO.Path.Combine(Path, name)).FullName;
        foreach (string file in Directory.GetFiles(folder))
            File.Copy(file, System.IO.Path.Combine(target, System.IO.Path.GetFileName(file)));
        return target;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
