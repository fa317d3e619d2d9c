using System.Text.Json;
using System.Text.RegularExpressions;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

/// <summary>Folders, patterns and the forms in which many answers are written.</summary>
[Trait("Category", "Long")]
public sealed class AskManyTests : IDisposable
{
    private const string Question = "is this inside or outside?";

    private readonly TempFolder _folder = new();

    public AskManyTests()
    {
        foreach ((string name, string sample) in ((string, string)[])
            [("b.jpg", "dogs.jpg"), ("a.png.jpg", "room.jpg"), ("deep/c.JPG", "room.jpg"), ("deep/er/d.jpg", "dogs.jpg")])
        {
            string path = Path.Combine(_folder.Path, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Copy(TestPaths.Sample(sample), path);
        }
        File.WriteAllText(Path.Combine(_folder.Path, "notes.txt"), "no image");
        File.WriteAllText(Path.Combine(_folder.Path, ".hidden.jpg"), "no image");
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(".", "./a.png.jpg inside, ./b.jpg outside")]
    [InlineData("*", "a.png.jpg inside, b.jpg outside")]
    [InlineData("b.*", "b.jpg outside")]
    [InlineData("?.jpg", "b.jpg outside")]
    [InlineData("deep/*.JPG", "deep/c.JPG inside")]
    [InlineData("*/*/d.jpg", "deep/er/d.jpg outside")]
    [InlineData("**/*.jpg", "a.png.jpg inside, b.jpg outside, deep/er/d.jpg outside")]
    [InlineData("deep/**", "deep/c.JPG inside, deep/er/d.jpg outside")]
    [InlineData("deep --recursive", "deep/c.JPG inside, deep/er/d.jpg outside")]
    [InlineData("b.jpg deep", "b.jpg outside, deep/c.JPG inside")]
    public async Task Ask_FolderOrPattern_StandsForItsImages(string words, string answers)
    {
        // Two questions keep the names also where one image is found.
        BlipProcess.Result result = await RunAsync(["ask", .. words.Split(' '), "-q", Question, "-q", Question, "--json"]);
        Assert.Equal(0, result.Code);
        Assert.Equal(answers, string.Join(", ", result.Lines.Where((_, i) => i % 2 == 0).Select(line =>
        {
            using JsonDocument row = JsonDocument.Parse(line);
            return $"{row.RootElement.GetProperty("image")} {row.RootElement.GetProperty("answer")}";
        })));
    }

    [Fact]
    public async Task Ask_LinkToAFolderAbove_IsNotFollowed()
    {
        Directory.CreateSymbolicLink(Path.Combine(_folder.Path, "deep", "up"), _folder.Path);
        BlipProcess.Result result = await RunAsync(["ask", "deep", "--recursive", Question]);
        Assert.Equal(["deep/c.JPG", "deep/er/d.jpg"], result.Lines.Select(line => line.Split('\t')[0]));
        result = await RunAsync(["ask", "deep/**/*.jpg", "-q", Question, "-q", Question]);
        Assert.Equal(["deep/er/d.jpg", "deep/er/d.jpg"], result.Lines.Select(line => line.Split('\t')[0]));
    }

    /// <summary>What is wrong with the choices is wrong for every image: it is told once, and nothing is asked.</summary>
    [Fact]
    public async Task Ask_ChoicesThatCannotBeRanked_AreToldOnce()
    {
        File.WriteAllBytes(Path.Combine(_folder.Path, "choices.txt"), [.. "red\nbl"u8, 0xFF]);
        BlipProcess.Result result = await RunAsync(["ask", "deep", "--recursive", Question, "--choices", "red,Red", "--csv"]);
        Assert.Equal((1, ""), (result.Code, result.Out));
        Assert.Equal("blip: Choices 1 and 2 are the same to the model: 'Red'. Leave one out.", result.ErrorLines[^1]);
        result = await RunAsync(["ask", "deep", "--recursive", Question, "--choices", "choices.txt"]);
        Assert.Equal((1, "blip: choices.txt is not text in UTF-8.\n"), (result.Code, result.Error));
    }

    [Fact]
    public async Task Ask_Csv_QuotesWhatNeedsItAndTellsErrors()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such names.");
        File.Copy(TestPaths.Sample("dogs.jpg"), Path.Combine(_folder.Path, "a, \"b\".jpg"));
        BlipProcess.Result result = await RunAsync(["ask", "a, \"b\".jpg", "missing.jpg", "is there a cat,\nor not?", "--csv"]);
        Assert.Equal(1, result.Code);
        Assert.Equal(
            "image,question,answer,confidence,error\n"
            + "\"a, \"\"b\"\".jpg\",\"is there a cat,\nor not?\",no,0.N,\n"
            + "missing.jpg,\"is there a cat,\nor not?\",,,There is no file missing.jpg.\n",
            Regex.Replace(result.Out.ReplaceLineEndings("\n"), @"0\.\d+", "0.N"));
        Assert.DoesNotContain("missing.jpg", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_NameWithControlCharacters_IsWrittenOut()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such names.");
        string name = "a\e[31m\n\tb\u202e.jpg";
        File.Copy(TestPaths.Sample("dogs.jpg"), Path.Combine(_folder.Path, name));
        BlipProcess.Result text = await RunAsync(["ask", name, "bad\e[2J.jpg", "is there a cat?"]);
        Assert.Equal(@"a\x1b[31m\n\tb\u202e.jpg" + "\tis there a cat?\tno", Assert.Single(text.Lines));
        Assert.Contains(@"bad\x1b[2J.jpg", text.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', text.Out + text.Error);
        // Programs get the name as it is.
        using JsonDocument json = JsonDocument.Parse((await RunAsync(["ask", name, "is there a cat?", "--json"])).Out);
        Assert.Equal(name, json.RootElement.GetProperty("image").GetString());
    }

    [Fact]
    public async Task Batch_QuestionsAndBadLines_AreAnsweredAndNamedByLine()
    {
        File.WriteAllLines(Path.Combine(_folder.Path, "bad.jsonl"),
        [
            """{"id":1,"image":"nosuch.jpg","question":"is there a cat?"}""", "", "not json",
            """{"id":5,"image":"b.jpg","question":["is there a cat?","is it day?"]}""",
            """{"id":6,"image":"b.jpg","questions":["is there a cat?","how many dogs are in the picture?"]}""",
            """{"id":7,"image":"b.jpg","questions":["is there a cat?",3]}""",
            """{"id":8,"image":"b.jpg","question":"is there a cat?","answer":"no"}""",
        ]);
        BlipProcess.Result result = await RunAsync(["ask", "--batch", "bad.jsonl"]);
        Assert.Equal(1, result.Code);
        JsonElement[] rows = [.. result.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(
            [
                "There is no file nosuch.jpg.", "Line 3 is not a JSON object with image and question.",
                "Line 4 has a list as question. Call it questions.", "no", "2",
                "Line 6 has questions that are not a list of strings.", "no",
            ],
            rows.Select(row => row.TryGetProperty("answer", out JsonElement answer)
                ? answer.GetString()
                : row.GetProperty("error").GetProperty("message").GetString()!.Replace(_folder.Path + "/", "", StringComparison.Ordinal)));
        Assert.Equal([6, 6], rows[3..5].Select(row => row.GetProperty("id").GetInt32()));
    }

    private Task<BlipProcess.Result> RunAsync(string[] arguments) => BlipProcess.RunAsync(null, arguments, folder: _folder.Path);
}
