namespace Blip.Tests;

/// <summary>Where the reference data lies: found from the test's own folder upwards, so that the working directory does not matter.</summary>
internal static class TestPaths
{
    public static string Root { get; } = FindRoot();

    public static string Golden(params string[] parts) => Path.Combine([Root, "tests", "golden", .. parts]);

    public static string DemoModel { get; } = Path.Combine(Root, "models", "demo");

    public static string Sample(string name) => Path.Combine(Root, "samples", name);

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Blip.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests run inside the repository: no Blip.sln above them.");
    }
}
