using Xunit;

namespace Blip.Tests;

/// <summary>Code in a document is code that was run.</summary>
public class DocumentTests
{
    [Fact]
    public void TestingPage_Code_IsTheFileThatIsRun()
    {
        string[] file = File.ReadAllLines(Path.Combine(TestPaths.Root, "tests", "packages", "PhotoTaggerTests.cs"));
        string[] page = File.ReadAllLines(Path.Combine(TestPaths.Root, "docs", "testing.md"));
        Assert.Equal(file.Where(line => line.Length > 0), CodeOf(page).Where(line => line.Length > 0));
    }

    private static IEnumerable<string> CodeOf(IEnumerable<string> page)
    {
        bool inside = false;
        foreach (string line in page)
        {
            bool fence = line.StartsWith("```", StringComparison.Ordinal);
            if (inside && !fence)
                yield return line;
            inside = fence ? line == "```csharp" : inside;
        }
    }
}
