using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

/// <summary>
/// What people get wrong on the command line, and what they are told: <c>mistakes.txt</c> has each line with its exit code and the text on
/// stderr, which somebody has read and found good. BLIP_APPROVE=1 writes the file anew, to be read in the commit.
/// </summary>
[Trait("Category", "Long")]
public partial class MistakeTests
{
    private const int AtOnce = 4;

    [Fact]
    public async Task Mistakes_AreToldAsApproved()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other quotes and separators.");
        using TempFolder folder = new();
        foreach (string name in (string[])
            ["dogs.jpg", "room.jpg", "my dogs.jpg", "image-1.jpg", "dogs.png", "photos/dogs.jpg", "deep/photos/room.jpg"])
        {
            string path = Path.Combine(folder.Path, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Copy(TestPaths.Sample(name.EndsWith("room.jpg", StringComparison.Ordinal) ? "room.jpg" : "dogs.jpg"), path);
        }
        Directory.CreateDirectory(Path.Combine(folder.Path, "empty"));
        File.WriteAllText(Path.Combine(folder.Path, "notes.txt"), "no image");
        File.WriteAllText(
            Path.Combine(folder.Path, "run.csv"),
            "image,question,answer,confidence,margin,truth,error\ndogs.jpg,is there a cat?,no,1,1,no,\n");

        string file = Path.Combine(TestPaths.Root, "tests", "Blip.Cli.Tests", "mistakes.txt");
        string approved = File.ReadAllText(file).ReplaceLineEndings("\n");
        string[] lines = [.. approved.Split('\n').Where(line => line.StartsWith("$ ", StringComparison.Ordinal))];
        Assert.InRange(lines.Length, 80, 250);
        ConcurrentDictionary<string, string> told = new();
        await Parallel.ForEachAsync(lines, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (line, _) =>
            told[line] = await TellAsync(line, folder.Path));
        StringBuilder actual = new();
        foreach (string line in approved.Split('\n'))
        {
            if (line.StartsWith("$ ", StringComparison.Ordinal))
                actual.Append(line).Append('\n').Append(told[line]);
            else if (line.Length == 0 || line[0] == '#')
                actual.Append(line).Append('\n');
        }
        string now = actual.ToString().TrimEnd('\n') + "\n";
        if (Environment.GetEnvironmentVariable("BLIP_APPROVE") == "1")
            File.WriteAllText(file, now);
        else
            Assert.Equal(approved, now);
    }

    /// <summary>Runs a line; gives the exit code and what it is told.</summary>
    private static async Task<string> TellAsync(string line, string folder)
    {
        List<string> words = [.. WordForm.Matches(line[2..]).Select(word => Unquote(word.Value))];
        Dictionary<string, string> environment = [];
        for (; words[0] != "blip"; words.RemoveAt(0))
            environment[words[0].Split('=')[0]] = words[0].Split('=', 2)[1];
        using MemoryStream nothing = new();
        BlipProcess.Result result = await BlipProcess.RunAsync(nothing, [.. words.Skip(1)], environment: environment, folder: folder);
        Assert.Equal(("", line), (result.Out, line));
        IEnumerable<string> errors = result.ErrorLines.Where(error => !error.StartsWith("model demo", StringComparison.Ordinal));
        return string.Concat(errors.Select(error => $"{result.Code} {error}\n"));
    }

    private static string Unquote(string word) =>
        word.Replace("\\n", "\n", StringComparison.Ordinal).Replace("\"", "", StringComparison.Ordinal);

    [GeneratedRegex("""(?:[^\s"]|"[^"]*")+""")]
    private static partial Regex WordForm { get; }
}
