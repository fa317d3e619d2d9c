using System.Buffers.Binary;
using System.Text.Json;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

/// <summary><c>blip calibrate</c>, and answers that are withheld.</summary>
[Trait("Category", "Long")]
public sealed class CalibrateTests
{
    private static readonly string Dogs = TestPaths.Sample("dogs.jpg");

    [Fact]
    public async Task Calibrate_LabelledQuestions_WritesWhatTheNextStartReads()
    {
        using TempFolder temp = new();
        string folder = temp.Copy(TestPaths.DemoModel, "model"), data = Path.Combine(temp.Path, "questions.jsonl");
        File.Delete(Path.Combine(folder, "calibration.json"));
        IEnumerable<string> lines = File.ReadLines(TestPaths.Golden("demo", "questions.jsonl"));
        // Written as people write them, which says the same.
        File.WriteAllLines(data, lines.Take(120).Select(line => line
            .Replace("\"answer\": \"yes\"", "\"answer\": \"The yes.\"", StringComparison.Ordinal)
            .Replace("\"answer\": \"no\"", "\"answer\": \"a no\"", StringComparison.Ordinal)
            .Replace("\"answer\": \"2\"", "\"answer\": \"two\"", StringComparison.Ordinal)));
        BlipProcess.Result result = await BlipProcess.RunAsync(
            "calibrate", data, "--images", TestPaths.Golden("demo"), "--model", folder, "--json");
        Assert.Equal(0, result.Code);
        JsonElement found = JsonDocument.Parse(Assert.Single(result.Lines)).RootElement;
        Assert.Equal(120, found.GetProperty("questions").GetInt32());
        Assert.Equal(Path.Combine(folder, "calibration.json"), found.GetProperty("file").GetString());
        JsonElement answers = found.GetProperty("answers");
        Assert.InRange(answers.GetProperty("accuracy").GetDouble(), 0.8, 1);
        Assert.InRange(answers.GetProperty("ece_before").GetDouble(), 0.001, 0.2);
        Assert.InRange(found.GetProperty("choices").GetProperty("accuracy").GetDouble(), 0.8, 1);
        Assert.InRange(found.GetProperty("choices").GetProperty("temperature").GetDouble(), 0.26, 3.9);

        BlipProcess.Result asked = await BlipProcess.RunAsync("ask", Dogs, "is there a cat?", "--json", "--model", folder);
        Assert.True(JsonDocument.Parse(asked.Out).RootElement.GetProperty("calibrated").GetBoolean());
        BlipProcess.Result int8 = await BlipProcess.RunAsync(
            "ask", Dogs, "is there a cat?", "--json", "--model", folder, "--precision", "int8");
        Assert.False(JsonDocument.Parse(int8.Out).RootElement.GetProperty("calibrated").GetBoolean());

        File.WriteAllLines(data, lines.Take(20));
        BlipProcess.Result few = await BlipProcess.RunAsync("calibrate", data, "--images", TestPaths.Golden("demo"), "--model", folder);
        Assert.Equal(1, few.Code);
        Assert.Contains("has 20 questions with an answer; 100 are needed", few.Error, StringComparison.Ordinal);
    }

    /// <summary>A fit to answers of one kind would say that everything is sure, or nothing.</summary>
    [Theory]
    [InlineData("zebra", "All 110 answers are wrong, and a fit needs both kinds. Look whether")]
    [InlineData("no", "All 110 answers are right, and a fit needs both kinds. Give more questions")]
    public async Task Calibrate_AnswersOfOneKind_AreRefused(string answer, string expected)
    {
        using TempFolder temp = new();
        string folder = temp.Copy(TestPaths.DemoModel, "model"), data = Path.Combine(temp.Path, "questions.csv");
        IEnumerable<string> rows = Enumerable.Repeat($"{Dogs},is there a cat?,{answer}", 110);
        File.WriteAllLines(data, rows.Prepend("image,question,answer"));
        string before = File.ReadAllText(Path.Combine(folder, "calibration.json"));
        BlipProcess.Result result = await BlipProcess.RunAsync("calibrate", data, "--model", folder);
        Assert.Equal((1, ""), (result.Code, result.Out));
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllText(Path.Combine(folder, "calibration.json")));
    }

    /// <summary>The files of the demo model came with the program. They are not the user's to fit, by whichever name.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Calibrate_DeliveredModelWithoutCache_IsRefused(bool byName)
    {
        using TempFolder temp = new();
        string data = Path.Combine(temp.Path, "questions.jsonl");
        string delivered = Path.Combine(Path.GetDirectoryName(BlipProcess.Program)!, "models", "demo");
        File.WriteAllLines(data, File.ReadLines(TestPaths.Golden("demo", "questions.jsonl")).Take(120));
        string file = Path.Combine(delivered, "calibration.json"), before = File.ReadAllText(file);
        try
        {
            BlipProcess.Result result = await BlipProcess.RunAsync(
                null, ["calibrate", data, "--images", TestPaths.Golden("demo"), "--model", byName ? "demo" : delivered],
                environment: new Dictionary<string, string> { ["BLIP_CACHE"] = "" });
            Assert.Equal((1, ""), (result.Code, result.Out));
            Assert.StartsWith("blip: BLIP_CACHE is empty, so a calibration", result.ErrorLines[^1], StringComparison.Ordinal);
            Assert.Equal(before, File.ReadAllText(file));
        }
        finally
        {
            // Other tests read it.
            File.WriteAllText(file, before);
        }
    }

    [Fact]
    public async Task Ask_Explain_WritesThePictureAndTheGrid()
    {
        using TempFolder temp = new();
        string file = Path.Combine(temp.Path, "looked.png");
        BlipProcess.Result result = await BlipProcess.RunAsync("ask", Dogs, "what color is the tree?", "--explain", file, "--json");
        Assert.Equal(0, result.Code);
        JsonElement evidence = JsonDocument.Parse(Assert.Single(result.Lines)).RootElement.GetProperty("evidence");
        Assert.Equal(144, evidence.GetProperty("values").GetArrayLength());
        // As large as the image: 800 x 600.
        byte[] png = File.ReadAllBytes(file);
        Assert.Equal("PNG"u8.ToArray(), png[1..4]);
        Assert.Equal(
            (800, 600),
            (BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20))));
        Assert.Equal(file, Assert.Single(Directory.GetFiles(temp.Path)));
    }

    /// <summary>Not being sure is an outcome, in each form of output: the exit code is 0.</summary>
    [Fact]
    public async Task Ask_BelowMinConfidence_WithholdsTheAnswer()
    {
        string[] ask = ["ask", Dogs, "how many dogs are in the picture?", "--min-confidence", "0.99999"];
        BlipProcess.Result text = await BlipProcess.RunAsync(ask);
        Assert.Equal((0, "(not sure)\n"), (text.Code, text.Out));

        BlipProcess.Result json = await BlipProcess.RunAsync([.. ask, "--json"]);
        JsonElement answer = JsonDocument.Parse(Assert.Single(json.Lines)).RootElement;
        Assert.Equal((0, "low_confidence"), (json.Code, answer.GetProperty("error").GetProperty("code").GetString()));
        Assert.InRange(answer.GetProperty("confidence").GetDouble(), 0.5, 0.99999);
        Assert.True(answer.GetProperty("calibrated").GetBoolean());
        foreach (string withheld in (string[])["answer", "token_ids", "token_logprobs", "alternatives"])
            Assert.False(answer.TryGetProperty(withheld, out _), withheld);

        BlipProcess.Result csv = await BlipProcess.RunAsync([.. ask, "--csv"]);
        Assert.Matches(@"\?,,0\.\d+,low_confidence$", csv.Lines[1]);
        BlipProcess.Result sure = await BlipProcess.RunAsync([.. ask[..3], "--min-confidence", "0.5"]);
        Assert.Equal((0, "2\n"), (sure.Code, sure.Out));
    }
}
