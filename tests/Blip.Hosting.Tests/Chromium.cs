using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>Finds the Chromium that the system has installed.</summary>
internal static class Chromium
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "chrome"];

    public static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => Names.Select(name => Path.Combine(folder, name)))
        .Prepend(Environment.GetEnvironmentVariable("BLIP_CHROMIUM") ?? "")
        .FirstOrDefault(File.Exists);

    /// <summary>
    /// Skips the test if there is no Chromium. In continuous integration the test fails instead, because there Chromium must be installed.
    /// </summary>
    public static void Require(bool found)
    {
        const string Missing = "Chromium is not installed: apt-get install chromium, or name it in BLIP_CHROMIUM.";
        if (!found && Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(Missing);
        Assert.SkipUnless(found, Missing);
    }
}
