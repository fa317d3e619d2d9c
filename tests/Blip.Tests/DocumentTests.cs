using Xunit;

namespace Blip.Tests;

/// <summary>Code in a document is code that was run: by tests/packages/run.sh.</summary>
public class DocumentTests
{
    private const string Fence = "```";

    [Fact]
    public void TestingPage_Code_IsTheFileThatIsRun()
    {
        IEnumerable<string> code = CodeBlocks("docs", "testing.md").SelectMany(block => block);
        Assert.Equal(WithoutEmpty(Lines("tests", "packages", "PhotoTaggerTests.cs")), WithoutEmpty(code));
    }

    [Fact]
    public void Readme_FirstAnswer_IsTheProgramThatIsRun()
    {
        IEnumerable<string> code = CodeBlocks("README.md").First()
            .Select(line => line.Replace("\"dogs.jpg\"", "args[0]", StringComparison.Ordinal));
        IEnumerable<string> run = Lines("tests", "packages", "run.sh").SkipWhile(line => line != "    cat >Program.cs <<'CS'").Skip(1);
        Assert.Equal(run.TakeWhile(line => line != "CS"), code);
    }

    private static string[] Lines(params string[] path) => File.ReadAllLines(Path.Combine([TestPaths.Root, .. path]));

    private static IEnumerable<string> WithoutEmpty(IEnumerable<string> lines) => lines.Where(line => line.Length > 0);

    private static IEnumerable<List<string>> CodeBlocks(params string[] path)
    {
        List<string>? block = null;
        foreach (string line in Lines(path))
        {
            if (!line.StartsWith(Fence, StringComparison.Ordinal))
                block?.Add(line);
            else if (block is not null)
            {
                yield return block;
                block = null;
            }
            else if (line == Fence + "csharp")
                block = [];
        }
    }
}
