using System.Text.RegularExpressions;
using Xunit;

namespace Blip.Tests;

/// <summary>Rules for the source files of the repository that the compiler does not check.</summary>
public class SourceTests
{
    private const int MaxColumns = 140;

    [Fact]
    public void SourceFiles_EveryLine_HasAtMost140Columns()
    {
        string[] tooLong = [.. SourceFiles(new DirectoryInfo(TestPaths.Root)).SelectMany(LinesThatAreTooLong)];
        Assert.True(tooLong.Length == 0, $"Wrap these lines:\n{string.Join('\n', tooLong)}");
    }

    [Fact]
    public void PublicNames_UseOneNounForOneThing()
    {
        Regex others = new(@"\b(Picture|Pictures|See|SeeAsync|Look|LookAsync|ImageMemory|Few|Several|LetGo|Told)\b");
        string[] found =
        [
            .. from file in Directory.EnumerateFiles(Path.Combine(TestPaths.Root, "src"), "PublicAPI.*.txt", SearchOption.AllDirectories)
               from line in File.ReadLines(file)
               // A parameter or a type of .NET's may be called so: only Blip's own names count.
               where line.StartsWith("Blip.", StringComparison.Ordinal) && others.IsMatch(line.Split('(', ' ')[0])
               select line,
        ];
        Assert.True(found.Length == 0, $"Say image and encode:\n{string.Join('\n', found)}");
    }

    private static IEnumerable<FileInfo> SourceFiles(DirectoryInfo folder) =>
        folder.EnumerateFiles("*.cs").Concat(folder.EnumerateDirectories().Where(IsOurs).SelectMany(SourceFiles));

    // Build outputs and folders of tools, such as .git, hold files that nobody wrote by hand. Reference data is not code.
    private static bool IsOurs(DirectoryInfo folder) =>
        folder.Name is not ("bin" or "obj") && folder.Name[0] != '.' && folder.FullName != TestPaths.Golden();

    private static IEnumerable<string> LinesThatAreTooLong(FileInfo file) =>
        from line in File.ReadLines(file.FullName).Index()
        where line.Item.Length > MaxColumns
        select $"{Path.GetRelativePath(TestPaths.Root, file.FullName)}:{line.Index + 1}";
}
