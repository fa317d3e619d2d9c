namespace Blip.Tests;

/// <summary>
/// The paths of the reference data. The repository's root is found from the folder of the test program, so the working directory does
/// not matter.
/// </summary>
internal static class TestPaths
{
    public static string Root { get; } = FindRoot();

    public static string Golden(params string[] parts) => Path.Combine([Root, "tests", "golden", .. parts]);

    public static string DemoModel { get; } = Path.Combine(Root, "models", "demo");

    /// <summary>A model that comes with Blip.</summary>
    public static string Model(string name) => Path.Combine(Root, "models", name);

    public static string Sample(string name) => Path.Combine(Root, "samples", name);

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Blip.sln")))
            folder = folder.Parent;
        return folder?.FullName
            ?? throw new InvalidOperationException("No parent folder has Blip.sln. Run the tests inside the repository.");
    }
}
