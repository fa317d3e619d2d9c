namespace Blip.Tests;

/// <summary>A folder of a test's own, with a space and a letter beyond ASCII in its name, gone at the end.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("blip tést ").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
