using System.Text.RegularExpressions;
using Xunit;

namespace Blip.Tests;

/// <summary>Code in a document is code that was run: by tests/packages/run.sh.</summary>
public partial class DocumentTests
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

    [Fact]
    public void Pages_EveryLink_LeadsToAFileAndAHeadline()
    {
        List<string> broken = [];
        foreach (string page in Pages())
        {
            foreach (Match link in Link().Matches(File.ReadAllText(page)))
            {
                string file = link.Groups["file"].Value, headline = link.Groups["headline"].Value;
                string target = file.Length == 0 ? page : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(page)!, file));
                if (!Path.Exists(target) || (headline.Length > 0 && !Headlines(target).Contains(headline)))
                    broken.Add($"{Path.GetRelativePath(TestPaths.Root, page)}: {link.Value}");
            }
        }
        Assert.Empty(broken);
    }

    private static IEnumerable<string> Pages() =>
        Directory.EnumerateFiles(TestPaths.Root, "*.md").Concat(Directory.EnumerateFiles(Path.Combine(TestPaths.Root, "docs"), "*.md"));

    /// <summary>The headlines of a page as addresses are made from them: small letters, and hyphens for spaces.</summary>
    private static IEnumerable<string> Headlines(string page) => File.ReadLines(page).Where(line => line.StartsWith('#'))
        .Select(line => NoLetter().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"\]\((?![a-z]+:)(?<file>[^)#]*)(#(?<headline>[^)]+))?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex NoLetter();

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
