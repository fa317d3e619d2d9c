using System.Diagnostics;
using System.Text.Json;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests.DataSets;

/// <summary><c>blip run</c>: the forms of data sets and of answers, and going on after any end.</summary>
[Trait("Category", "Long")]
public sealed class RunTests : IDisposable
{
    private static readonly string Dogs = TestPaths.Sample("dogs.jpg");

    private readonly TempFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Csv_AsSpreadsheetsWriteIt_IsAskedAndCarriedThrough()
    {
        Write("data.csv", "\ufeff" + $"""
            Image;Question;Answer;note
            "{Dogs}";"how many dogs are in the picture;
            or near it?";2;"a ""b"", c"

            nosuch.jpg;is there a cat?;no;

            """.ReplaceLineEndings("\r\n"));
        BlipProcess.Result result = await RunAsync("run", "data.csv", "--out", "out.csv");
        Assert.Equal(1, result.Code);
        Assert.Contains("blip: data.csv, line 5: There is no file nosuch.jpg.", result.ErrorLines);
        string[] lines = Read("out.csv").Split('\n');
        Assert.Equal("image,question,answer,confidence,margin,truth,note,error", lines[0]);
        Assert.Equal($"{Dogs},\"how many dogs are in the picture;\r", lines[1]);
        Assert.Matches("""^or near it\?",2,0\.\d+,\d+\.\d+,2,"a ""b"", c",$""", lines[2]);
        Assert.Equal("nosuch.jpg,is there a cat?,,,,no,,There is no file nosuch.jpg.", lines[3]);
        Assert.False(File.Exists(PathOf("out.csv.part")));
    }

    [Fact]
    public async Task JsonLines_EveryKindOfValue_ComesThroughAsItWas_AlsoByParquet()
    {
        Write("data.jsonl", """
            {"id":7,"image":"dogs.jpg","question":"is there a cat?","answer":"no","n":1.5,"tags":["ä","b"],"hash":18446744073709551615}

            {"id":9,"image":"dogs.jpg","question":"is it day?","n":2,"none":null,"text":"x\ny","big":1e999}
            """);
        File.Copy(Dogs, PathOf("dogs.jpg"));
        Assert.Equal(0, (await RunAsync("run", "data.jsonl", "--out", "out.parquet")).Code);
        // What a run wrote is a data set too, with the same truths.
        Assert.Equal(0, (await RunAsync("run", "out.parquet", "--out", "again.jsonl")).Code);
        Assert.Equal(0, (await RunAsync("run", "data.jsonl", "--out", "out.jsonl")).Code);
        JsonElement[] direct = Rows("out.jsonl"), again = Rows("again.jsonl");
        Assert.Equal(["id", "image", "question", "answer", "confidence", "margin", "truth", "n", "tags", "hash"], Names(direct[0]));
        Assert.Equal(["id", "image", "question", "answer", "confidence", "margin", "n", "text", "big"], Names(direct[1]));
        // In Parquet it is infinite, which JSON cannot say.
        Assert.Equal(["id", "image", "question", "answer", "confidence", "margin", "n", "text"], Names(again[1]));
        Assert.Equal(
            ["7", "\"no\"", "1.5", """["ä","b"]"""], ((string[])["id", "truth", "n", "tags"]).Select(name => Raw(direct[0], name)));
        Assert.Equal("x\ny", direct[1].GetProperty("text").GetString());
        // No number of Parquet holds it to the last digit, so there it is a text.
        Assert.Equal(("18446744073709551615", "\"18446744073709551615\""), (Raw(direct[0], "hash"), Raw(again[0], "hash")));
        for (int i = 0; i < direct.Length; i++)
        {
            Assert.Equal(Raw(direct[i], "id"), Raw(again[i], "id"));
            Assert.Equal(Raw(direct[i], "answer"), Raw(again[i], "answer"));
            Assert.Equal(direct[i].TryGetProperty("truth", out JsonElement truth), again[i].TryGetProperty("truth", out JsonElement same));
            Assert.Equal(truth.ToString(), same.ToString());
            Assert.InRange(again[i].GetProperty("confidence").GetDouble() - direct[i].GetProperty("confidence").GetDouble(), -1e-4, 1e-4);
        }
    }

    [Fact]
    public async Task Vqa_QuestionsAndAnnotations_GiveResultsInTheOfficialForm()
    {
        Directory.CreateDirectory(PathOf("val2014"));
        File.Copy(Dogs, PathOf("val2014/COCO_val2014_000000000042.jpg"));
        File.Copy(TestPaths.Sample("room.jpg"), PathOf("val2014/room-7.jpg"));
        Write("q.json", """
            {"data_subtype":"val2014","questions":[{"image_id":42,"question":"how many dogs are in the picture?","question_id":420},
            {"image_id":7,"question":"is this inside or outside?","question_id":70}]}
            """);
        string answers = string.Join(',', Enumerable.Range(0, 10).Select(i => $$"""{"answer":"{{(i < 8 ? 2 : 3)}}","answer_id":{{i}}}"""));
        Write("a.json", $$"""
            {"annotations":[{"question_id":420,"question_type":"how many","answer_type":"number","multiple_choice_answer":"2",
            "answers":[{{answers}}]},{"question_id":70,"question_type":"is this","answer_type":"other","multiple_choice_answer":"inside",
            "answers":[{"answer":"inside"}]}]}
            """);
        Assert.Equal(0, (await RunAsync("run", "q.json", "--images", "val2014", "--out", "results.json")).Code);
        Assert.Equal("""[{"question_id":420,"answer":"2"},{"question_id":70,"answer":"inside"}]""", Read("results.json"));
        Assert.Equal(0, (await RunAsync("run", "q.json", "--annotations", "a.json", "--images", "val2014", "--out", "out.csv")).Code);
        Assert.StartsWith(
            "id,image,question,answer,confidence,margin,truth,question_type,answer_type,answers,error\n420,COCO_val2014_000000000042.jpg,",
            Read("out.csv"), StringComparison.Ordinal);
        // The ten answers went along, so the run alone is scored as the challenge does.
        BlipProcess.Result fromRun = await RunAsync("eval", "out.csv", "--json");
        BlipProcess.Result official = await RunAsync(
            "eval", "--questions", "q.json", "--annotations", "a.json", "--results", "results.json", "--json");
        using JsonDocument one = JsonDocument.Parse(fromRun.Out), other = JsonDocument.Parse(official.Out);
        Assert.Equal("""{"overall":100,"perQuestionType":{"how many":100,"is this":100},"perAnswerType":{"number":100,"other":100}}""",
            Raw(one.RootElement, "accuracy"));
        Assert.Equal(Raw(one.RootElement, "accuracy"), Raw(other.RootElement, "accuracy"));
        Assert.Equal(Raw(one.RootElement, "per_question"), Raw(other.RootElement, "per_question"));
    }

    [Fact]
    public async Task Folder_EveryQuestionAboutEveryImage_AndAFinishedRunIsNotAskedAgain()
    {
        Directory.CreateDirectory(PathOf("photos/deep"));
        File.Copy(Dogs, PathOf("photos/b.jpg"));
        File.Copy(TestPaths.Sample("room.jpg"), PathOf("photos/deep/a.jpg"));
        Write("q.txt", "\ufeffis there a cat?\r\n\r\nis this inside or outside?\r\n");
        string[] line = ["run", "photos", "--questions", "q.txt", "--recursive", "--out", "out.jsonl"];
        Assert.Equal(0, (await RunAsync(line)).Code);
        Assert.Equal(
            ["b.jpg|is there a cat?|no", "b.jpg|is this inside or outside?|outside", "deep/a.jpg|is there a cat?|no",
                "deep/a.jpg|is this inside or outside?|inside"],
            Rows("out.jsonl").Select(row => $"{row.GetProperty("image")}|{row.GetProperty("question")}|{row.GetProperty("answer")}"));
        // What a run wrote is a data set too; what the model said there is no truth.
        Assert.Equal(0, (await RunAsync("run", "out.jsonl", "--images", "photos", "--out", "out.csv")).Code);
        Assert.StartsWith(
            "image,question,answer,confidence,margin,error\nb.jpg,is there a cat?,no,", Read("out.csv"), StringComparison.Ordinal);
        string before = Read("out.jsonl");
        BlipProcess.Result again = await RunAsync(line);
        Assert.Equal((0, "out.jsonl has all 4 answers already (model and options are not checked); --force asks again"),
            (again.Code, Assert.Single(again.ErrorLines)));
        Assert.Equal(before, Read("out.jsonl"));
        Write("q.txt", "is it day?");
        BlipProcess.Result other = await RunAsync(line);
        Assert.Equal(1, other.Code);
        Assert.Contains("exists already, and is not a run of photos", other.Error, StringComparison.Ordinal);
        Assert.Equal(before, Read("out.jsonl"));
    }

    /// <summary>kill -9 at any moment: no answer twice, none lost, none of another run.</summary>
    [Fact]
    public async Task Run_KilledAgainAndAgain_EqualsOneMadeInPeace()
    {
        int kills = Math.Max(3, TestScale.Of(10)), questions = EasyVqa.WriteCsv(PathOf("data.csv"), most: 90 * kills);
        string[] line = ["run", "data.csv", "--model", EasyVqa.Adapter, "--out"];
        Assert.Equal(0, (await RunAsync([.. line, "peace.jsonl"])).Code);
        Random random = new(33);
        string part = PathOf("killed.jsonl.part");
        for (int kill = 0, late = 0; kill < kills; kill++)
        {
            using Process process = BlipProcess.StartIn(_folder.Path, [.. line, "killed.jsonl"]);
            long before = kill == 0 ? 0 : Length();
            // Some of the work is done each time, and the end comes in the midst of it.
            if (await process.KillWhenAsync(() => Length() > before + 200, TimeSpan.FromMilliseconds(random.Next(60))))
            {
                Assert.False(File.Exists(PathOf("killed.jsonl")));
                continue;
            }
            // On a busy machine the run can be done before it is killed, which shows nothing: all again.
            Assert.True(File.Exists(PathOf("killed.jsonl")));
            Assert.True(++late < 5, "The run is always done before it can be killed: take more questions.");
            File.Delete(PathOf("killed.jsonl"));
            kill = -1;
        }
        // What a crash of the machine leaves: half a line.
        await File.AppendAllTextAsync(part, "{\"answer\":\"ye", Stop);
        BlipProcess.Result other = await RunAsync("run", "data.csv", "--out", "killed.jsonl");
        Assert.Contains("was started with another data set, folder of images, model or options", other.Error, StringComparison.Ordinal);
        BlipProcess.Result last = await RunAsync([.. line, "killed.jsonl"]);
        Assert.Equal(0, last.Code);
        Assert.Contains($" of {questions} answers: continuing there", last.ErrorLines[0], StringComparison.Ordinal);
        JsonElement[] peace = Rows("peace.jsonl"), killed = Rows("killed.jsonl");
        Assert.Equal(peace.Select(Without), killed.Select(Without));
        // What shared a run with a question may change the last digits of its numbers.
        Assert.All(peace.Zip(killed), rows => Assert.Equal(
            rows.First.GetProperty("confidence").GetDouble(), rows.Second.GetProperty("confidence").GetDouble(), 1e-4));

        long Length() => new FileInfo(part) is { Exists: true } file ? file.Length : 0;

        static string Without(JsonElement row) => string.Join(';', row.EnumerateObject()
            .Where(member => member.Name is not ("confidence" or "margin")).Select(member => member.ToString()));
    }

    [Fact]
    public async Task Run_SameNamesInAnotherFolder_DoNotGoOn()
    {
        foreach (string folder in (string[])["a", "b"])
        {
            Directory.CreateDirectory(PathOf(folder));
            File.Copy(Dogs, PathOf(folder + "/dogs.jpg"));
        }
        Write("data.csv", "image,question\ndogs.jpg,is there a cat?\n");
        await RunWithoutOutAsync("run", "data.csv", "--images", "a", "--out", "out.csv");
        BlipProcess.Result other = await RunAsync("run", "data.csv", "--images", "b", "--out", "out.csv");
        Assert.Contains("was started with another data set, folder of images, model or options", other.Error, StringComparison.Ordinal);
        BlipProcess.Result same = await RunAsync("run", "data.csv", "--images", "./a", "--out", "out.csv");
        Assert.Equal((0, "out.csv.part has 1 of 1 answers: continuing there"), (same.Code, same.ErrorLines[0]));
    }

    [Fact]
    public async Task Run_AnotherWritesTheSameFile_IsRefused()
    {
        Write("data.csv", $"image,question\n{Dogs},is there a cat?\n");
        using FileStream other = new(PathOf("out.csv.part"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        BlipProcess.Result result = await RunAsync("run", "data.csv", "--out", "out.csv");
        Assert.Equal(1, result.Code);
        Assert.Contains("Is another blip run writing it?", result.Error, StringComparison.Ordinal);
    }

    /// <summary>As a disk damages it: the answers before are kept, the others asked again.</summary>
    [Fact]
    public async Task Run_DamagedAnswers_AreAskedAgain()
    {
        Write("data.csv", "image,question\n" + string.Concat(Enumerable.Range(0, 6).Select(i => $"{Dogs},is there {i} cat?\n")));
        string[] line = ["run", "data.csv", "--out", "out.csv"];
        await RunWithoutOutAsync(line);
        byte[] journal = File.ReadAllBytes(PathOf("out.csv.part"));
        // 40 bytes about the end of the third answer.
        int at = -1;
        for (int i = 0; i < 4; i++)
            at = Array.IndexOf(journal, (byte)'\n', at + 1);
        journal.AsSpan(at - 20, 40).Clear();
        File.WriteAllBytes(PathOf("out.csv.part"), journal);
        BlipProcess.Result result = await RunAsync(line);
        Assert.Equal(0, result.Code);
        Assert.Equal(
            ["out.csv.part is damaged in line 4: the 2 answers before it are kept, the others are asked again",
                "out.csv.part has 2 of 6 answers: continuing there"],
            result.ErrorLines[..2]);
        Assert.Equal(7, File.ReadLines(PathOf("out.csv")).Count());
        Assert.False(File.Exists(PathOf("out.csv.part")));
    }

    [Theory]
    [InlineData("precious\n")]
    [InlineData("precious")]
    [InlineData("precious\nas gold\n")]
    public async Task Run_PartOfSomebodyElse_Stays(string text)
    {
        Write("data.csv", $"image,question\n{Dogs},is there a cat?\n");
        Write("out.csv.part", text);
        foreach (string[] more in (string[][])[[], ["--force"]])
        {
            BlipProcess.Result result = await RunAsync(["run", "data.csv", "--out", "out.csv", .. more]);
            Assert.Equal(
                (1, "blip: out.csv.part is not of a run. Give another --out, or remove it."), (result.Code, result.Error.Trim()));
        }
        Assert.Equal(text, Read("out.csv.part"));
    }

    [Theory]
    [InlineData("out.csv")]
    [InlineData("out.csv.part")]
    public async Task Run_PipeAsOutput_IsRefusedAtOnce(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no such pipes.");
        Write("data.csv", $"image,question\n{Dogs},is there a cat?\n");
        using (Process make = Process.Start("mkfifo", [PathOf(name)]))
            await make.WaitForExitAsync(Stop);
        foreach (string[] more in (string[][])[[], ["--force"]])
        {
            BlipProcess.Result result = await RunAsync(["run", "data.csv", "--out", "out.csv", .. more]);
            Assert.Equal((1, $"blip: {name} is a pipe or a device. Name an ordinary file."), (result.Code, result.Error.Trim()));
        }
        BlipProcess.Result choices = await RunAsync("ask", Dogs, "is there a cat?", "--choices", name);
        Assert.Equal((1, $"blip: {name} is a pipe or a device. Name an ordinary file."), (choices.Code, choices.Error.Trim()));
    }

    /// <summary>
    /// A public data set and a model for it: the accuracy is that of transformers. tests/long/easy-vqa.sh takes the whole.
    /// </summary>
    [Fact]
    public async Task EasyVqa_Accuracy_IsThatOfTransformers()
    {
        int questions = EasyVqa.WriteCsv(PathOf("easy.csv"));
        BlipProcess.Result run = await BlipProcess.RunAsync(
            null, ["run", "easy.csv", "--model", EasyVqa.Adapter, "--out", "out.csv", "--precision", "fp32", "--device", "cpu"],
            folder: _folder.Path, within: TimeSpan.FromMinutes(EasyVqa.IsWhole ? 30 : 2));
        Assert.Equal(0, run.Code);
        BlipProcess.Result eval = await RunAsync("eval", "out.csv", "--json");
        using JsonDocument scores = JsonDocument.Parse(eval.Out);
        Assert.Equal(questions, scores.RootElement.GetProperty("questions").GetInt32());
        double accuracy = scores.RootElement.GetProperty("accuracy").GetProperty("overall").GetDouble();
        TestContext.Current.TestOutputHelper?.WriteLine($"{questions} questions, accuracy {accuracy} %; {run.ErrorLines[^1]}");
        // Equal ids in at least 99.9 % of the questions.
        Assert.Equal(100 * EasyVqa.ReferenceAccuracy(), accuracy, 0.1);
    }

    private static string Raw(JsonElement row, string name) => row.GetProperty(name).GetRawText();

    private static IEnumerable<string> Names(JsonElement row) => row.EnumerateObject().Select(member => member.Name);

    /// <summary>
    /// A folder that comes into the way of out.csv while the model loads ends the run when all is answered but nothing written.
    /// </summary>
    private async Task RunWithoutOutAsync(params string[] line)
    {
        using Process process = BlipProcess.StartIn(_folder.Path, line);
        await process.WhenAsync(() => File.Exists(PathOf("out.csv.part")), () => Directory.CreateDirectory(PathOf("out.csv")));
        await process.WaitForExitAsync(Stop);
        Assert.Equal(1, process.ExitCode);
        Directory.Delete(PathOf("out.csv"));
    }

    private Task<BlipProcess.Result> RunAsync(params string[] arguments) => BlipProcess.RunAsync(null, arguments, folder: _folder.Path);

    private string PathOf(string name) => Path.Combine(_folder.Path, name);

    private void Write(string name, string text) => File.WriteAllText(PathOf(name), text);

    private string Read(string name) => File.ReadAllText(PathOf(name));

    private JsonElement[] Rows(string name) => [.. File.ReadLines(PathOf(name)).Select(line => JsonDocument.Parse(line).RootElement)];
}
