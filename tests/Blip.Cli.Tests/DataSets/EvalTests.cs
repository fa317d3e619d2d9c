using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Blip.Hosting.Tests;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests.DataSets;

/// <summary><c>blip eval</c>: the accuracy of the VQA challenge against its own tool, the other scores by hand, and the report.</summary>
[Trait("Category", "Long")]
public sealed class EvalTests : IDisposable
{
    private const int Tenths = 10;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Vqa_EveryFigure_IsThatOfTheOfficialTool()
    {
        using JsonDocument scores = await ScoresAsync(
            "--questions", TestPaths.Golden("vqa-eval", "questions.json"),
            "--annotations", TestPaths.Golden("vqa-eval", "annotations.json"),
            "--results", TestPaths.Golden("vqa-eval", "results.json"));
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllText(TestPaths.Golden("vqa-eval", "expected.json")));
        JsonElement accuracy = scores.RootElement.GetProperty("accuracy"), wanted = expected.RootElement.GetProperty("accuracy");
        Assert.Equal(wanted.GetProperty("overall").GetDouble(), accuracy.GetProperty("overall").GetDouble());
        Assert.Equal(Numbers(wanted, "perQuestionType"), Numbers(accuracy, "perQuestionType"));
        Assert.Equal(Numbers(wanted, "perAnswerType"), Numbers(accuracy, "perAnswerType"));
        Assert.Equal(Numbers(expected.RootElement, "per_question"), Numbers(scores.RootElement, "per_question"));
    }

    /// <summary>Where people do not all agree, an answer counts by its plain form: as nine people's, and not as the tenth's.</summary>
    [Fact]
    public async Task Vqa_PlainFormOfAnswers_IsThatOfTheOfficialTool()
    {
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllText(TestPaths.Golden("vqa-eval", "expected.json")));
        JsonElement[] pairs = [.. expected.RootElement.GetProperty("normalised").EnumerateArray()];
        Assert.InRange(pairs.Length, 80, 200);
        WriteJson("q.json", new { questions = pairs.Select((_, i) => new { image_id = 1, question = "what?", question_id = i }) });
        WriteJson("r.json", pairs.Select((pair, i) => new { question_id = i, answer = pair[0].GetString() }));
        WriteJson("a.json", new
        {
            annotations = pairs.Select((pair, i) => new
            {
                question_id = i,
                answers = Enumerable.Range(0, Tenths)
                    .Select(id => new { answer = id > 0 ? pair[1].GetString() : "something else", answer_id = id }),
            }),
        });
        using JsonDocument scores = await ScoresAsync("--questions", "q.json", "--annotations", "a.json", "--results", "r.json");
        string[] wrong =
        [
            .. Numbers(scores.RootElement, "per_question").Where(each => each.Value != 100)
                .Select(each => pairs[int.Parse(each.Key, CultureInfo.InvariantCulture)].ToString()),
        ];
        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Run_Scores_AreThoseThatAreCountedByHand()
    {
        Write("run.csv", """
            id,image,question,answer,confidence,margin,truth,error
            1,a.jpg,is there a cat?,yes,0.95,3,yes,
            2,a.jpg,is there a dog?,yes,0.9,2,no,
            3,a.jpg,is there a cow?,no,0.6,0.5,yes,
            4,b.jpg,how many cats are there?,Two,0.5,0.25,2,
            5,b.jpg,is it day?,,,,no,There is no file b.jpg.
            """);
        using JsonDocument document = await ScoresAsync("run.csv");
        JsonElement scores = document.RootElement;
        Assert.Equal(5, scores.GetProperty("questions").GetInt32());
        Assert.Equal(1, scores.GetProperty("failed").GetInt32());
        // Two is 2 in its plain form, and not letter by letter.
        Assert.Equal(40, scores.GetProperty("accuracy").GetProperty("overall").GetDouble());
        Assert.Equal(20, scores.GetProperty("exact_match").GetDouble());
        Assert.Equal(new() { ["yes/no"] = 25, ["number"] = 100 }, Numbers(scores.GetProperty("accuracy"), "perAnswerType"));
        // One yes of two that were said, and of two that are.
        Assert.Equal(new() { ["questions"] = 4, ["precision"] = 50, ["recall"] = 50, ["f1"] = 50 }, Numbers(scores, "yes_no"));
        // 0.95 is alone above 14/15; 0.9, 0.6 and 0.5 have bins of their own: (0.05 + 0.9 + 0.6 + 0.5) / 4.
        Assert.Equal(51.25, scores.GetProperty("ece").GetDouble());
        // Risk with 1, 2, 3, 4 answers kept: 0, 1/2, 2/3, 1/2.
        Assert.Equal(41.67, scores.GetProperty("aurc").GetDouble());
        JsonElement half = scores.GetProperty("risk_coverage")[4];
        Assert.Equal("""{"coverage":50,"threshold":0.9,"accuracy":50}""", half.GetRawText());
        string[] text = (await EvalAsync("run.csv")).Lines;
        Assert.Contains(text, line => Regex.IsMatch(line, @"^accuracy +40\.00 %$"));
        Assert.Contains(text, line => Regex.IsMatch(line, @"^questions +5, 1 failed$"));
    }

    [Fact]
    public async Task Against_AnswersThatDiffer_AreListedWithTheirMargins()
    {
        Write("fp32.csv", """
            image,question,answer,confidence,margin,truth
            a.jpg,q1,yes,0.9,0.2,yes
            a.jpg,q2,no,0.8,1.5,yes
            b.jpg,q1,2,0.7,1,2
            """);
        // Another order, and a question that the other does not have.
        Write("int8.csv", """
            image,question,answer,confidence,margin,truth
            b.jpg,q1,2,0.7,1,2
            a.jpg,q2,yes,0.5,0.1,yes
            a.jpg,q1,no,0.6,0.3,yes
            c.jpg,q1,x,1,1,x
            """);
        using JsonDocument document = await ScoresAsync("fp32.csv", "--against", "int8.csv");
        JsonElement against = document.RootElement.GetProperty("against");
        Assert.Equal((3, 75, 1, 1), (against.GetProperty("questions").GetInt32(), against.GetProperty("accuracy").GetDouble(),
            against.GetProperty("lost").GetInt32(), against.GetProperty("won").GetInt32()));
        Assert.Equal(["q2 no 1.5 yes 0.1", "q1 yes 0.2 no 0.3"], against.GetProperty("flips").EnumerateArray().Select(flip =>
            $"{flip.GetProperty("question")} {flip.GetProperty("answer")} {flip.GetProperty("margin")} "
            + $"{flip.GetProperty("against").GetProperty("answer")} {flip.GetProperty("against").GetProperty("margin")}"));
        Write("other.csv", "image,question,answer,truth\nz.jpg,q1,yes,yes\n");
        BlipProcess.Result none = await EvalAsync("fp32.csv", "--against", "other.csv");
        Assert.Equal((1, "blip: The runs have no question in common. Compare runs of the same data set."), (none.Code, none.ErrorLines[0]));
    }

    [Fact]
    public async Task Report_IsOneFile_WithTheWorstAnswersAndNothingFromTheRunAsMarkup()
    {
        File.Copy(TestPaths.Sample("dogs.jpg"), Path.Combine(_folder.Path, "dogs.jpg"));
        Write("run.csv", "image,question,answer,confidence,margin,truth\n"
            + "dogs.jpg,what <script>alert(1)</script> is there?,\"<img src=x>\",0.99,1,2\nnone.jpg,is there a cat?,yes,0.8,1,no\n"
            + "dogs.jpg,how many dogs are in the picture?,2,0.7,1,2\n");
        BlipProcess.Result result = await EvalAsync("run.csv", "--against", "run.csv", "--html", "report.html");
        Assert.Equal(0, result.Code);
        string page = File.ReadAllText(Path.Combine(_folder.Path, "report.html"));
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.Contains("&lt;img src=x&gt;", page, StringComparison.Ordinal);
        // Nothing is loaded from elsewhere: what looks like an address names SVG.
        Assert.DoesNotMatch(@"(src|href)=""(?!data:)", page);
        Assert.Equal(4, page.Split("<svg ").Length - 1);
        string[] ids = [.. Regex.Matches(page, @" id=""([^""]+)""").Select(match => match.Groups[1].Value)];
        Assert.Equal(ids.Distinct(), ids);
        Assert.Single(Regex.Matches(page, @"<img alt="""" src=""data:image/jpeg;base64,[A-Za-z0-9+/=]{500,20000}"">"));
        Assert.Contains("The image was not found here.", page, StringComparison.Ordinal);
        await AssertNoTextIsCutAsync(page);
    }

    [Fact]
    public async Task Report_WithTheModel_ShowsWhereItLookedBesideTheWorstAnswers()
    {
        File.Copy(TestPaths.Sample("dogs.jpg"), Path.Combine(_folder.Path, "dogs.jpg"));
        string[] rows = ["image,question,answer,confidence,margin,truth", "dogs.jpg,what color is the tree?,red,0.9,1,green",
            "dogs.jpg,how many dogs are in the picture?,3,0.8,1,2", "none.jpg,is there a cat?,yes,0.7,1,no"];
        Write("run.csv", string.Join('\n', rows));
        Assert.Equal(0, (await EvalAsync("run.csv", "--html", "report.html", "--model", "demo")).Code);
        string page = File.ReadAllText(Path.Combine(_folder.Path, "report.html"));
        string[] looked = [.. Regex.Matches(page, @"<img alt=""Where it looked"" src=""data:image/png;base64,([^""]+)"">")
            .Select(match => match.Groups[1].Value)];
        Assert.Equal(2, looked.Distinct().Count());
        byte[] png = Convert.FromBase64String(looked[0]);
        Assert.Equal(200, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)));
        Assert.Equal(150, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)));
        Assert.Contains("what demo looked at", page, StringComparison.Ordinal);
        await AssertNoTextIsCutAsync(page);
        Assert.Equal(2, (await EvalAsync("run.csv", "--model", "demo")).Code);
    }

    /// <summary>XML has no place for control characters, nor for half of a character of two parts.</summary>
    [Theory]
    [InlineData("bell\\u0007 \\ufffe", "bell  (1)")]
    [InlineData("aaaaaaaaaaaaaaaa😀bcd", "aaaaaaaaaaaaaaaa… (1)")]
    public async Task Report_TypeOfAnyText_HasALabel(string type, string label)
    {
        Write("run.jsonl", $$"""
            {"image":"a.jpg","question":"what?","answer":"x","confidence":0.9,"margin":1,"truth":"y","question_type":"{{type}}"}
            """);
        BlipProcess.Result result = await EvalAsync("run.jsonl", "--html", "report.html");
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Contains($">{label}<", File.ReadAllText(Path.Combine(_folder.Path, "report.html")), StringComparison.Ordinal);
    }

    /// <summary>In a browser: every text of a chart lies inside the chart, and the page is as wide as the window.</summary>
    private async Task AssertNoTextIsCutAsync(string page)
    {
        string? chromium = Chromium.Find();
        Chromium.Require(chromium is not null);
        string file = Path.Combine(_folder.Path, "checked.html");
        await File.WriteAllTextAsync(file, page + """
            <script>
            const cut = [...document.querySelectorAll('svg text')].filter(t => { const a = t.getBoundingClientRect(),
              b = t.closest('svg').getBoundingClientRect(); return a.left < b.left || a.right > b.right || a.bottom > b.bottom + 1; });
            document.title = `cut: ${cut.map(t => t.textContent)}, texts: ${document.querySelectorAll('svg text').length > 20}, `
              + `wide: ${document.documentElement.scrollWidth > innerWidth
                || [...document.querySelectorAll('.card')].some(card => card.scrollWidth > card.clientWidth)}`;
            </script>
            """);
        using TempFolder profile = new();
        ProcessStartInfo start = new(chromium!, ["--headless", "--no-sandbox", "--disable-gpu", $"--user-data-dir={profile.Path}",
            "--dump-dom", new Uri(file).AbsoluteUri])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using Process browser = Process.Start(start)!;
        Task<string> log = browser.StandardError.ReadToEndAsync();
        string dom = await browser.StandardOutput.ReadToEndAsync();
        await log;
        Assert.Contains("<title>cut: , texts: true, wide: false</title>", dom, StringComparison.Ordinal);
    }

    private static Dictionary<string, double> Numbers(JsonElement parent, string name) =>
        parent.GetProperty(name).EnumerateObject().ToDictionary(member => member.Name, member => member.Value.GetDouble());

    private async Task<JsonDocument> ScoresAsync(params string[] words)
    {
        BlipProcess.Result result = await EvalAsync([.. words, "--json"]);
        Assert.Equal((0, ""), (result.Code, result.Error));
        return JsonDocument.Parse(result.Out);
    }

    private Task<BlipProcess.Result> EvalAsync(params string[] words) =>
        BlipProcess.RunAsync(null, ["eval", .. words], folder: _folder.Path);

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder.Path, name), text);

    private void WriteJson(string name, object value) => Write(name, JsonSerializer.Serialize(value));
}
