using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

public class AskCommandTests
{
    private static readonly string Dogs = TestPaths.Sample("dogs.jpg"), Room = TestPaths.Sample("room.jpg");

    [Fact]
    public async Task Ask_OneQuestion_PrintsTheAnswerAloneAndTheModelOnStderr()
    {
        BlipProcess.Result result = await BlipProcess.RunAsync("ask", Dogs, "how many dogs are in the picture?");
        Assert.Equal((0, "2\n"), (result.Code, result.Out));
        Assert.Contains("drawn scenes", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("true", "2")]
    [InlineData("false", "1")]
    public async Task Ask_PhotoOfATurnedPhone_IsTurnedUnlessToldNotTo(string orient, string answer)
    {
        string photo = TestPaths.Golden("images", "orientation", "phone-dogs.jpg");
        string[] option = orient == "true" ? [] : ["--orient", orient];
        BlipProcess.Result result = await BlipProcess.RunAsync(["ask", photo, "how many dogs are in the picture?", .. option]);
        Assert.Equal((0, answer + "\n"), (result.Code, result.Out));
    }

    [Theory]
    [InlineData("--max-pixels", "1000")]
    [InlineData("--max-bytes", "1000")]
    public async Task Ask_OverALimit_NamesTheOptionThatLiftsIt(string option, string limit)
    {
        BlipProcess.Result result = await BlipProcess.RunAsync("ask", Dogs, "is there a cat?", option, limit);
        Assert.Equal((1, ""), (result.Code, result.Out));
        Assert.Contains("1,000", result.Error, StringComparison.Ordinal);
        Assert.Contains(option, result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(12_000, 9_000, 1, "--max-pixels", "108000000")]
    [InlineData(3_000, 2_500, 24, "--max-bytes", "22600000")]
    public async Task Ask_LargeScan_IsReadWhereTheLimitIsLifted(int width, int height, byte bits, string option, string limit)
    {
        using TempFolder folder = new();
        string scan = Path.Combine(folder.Path, "scan.bmp");
        byte[] file = new byte[62 + (((width * bits) + 31) / 32 * 4 * height)];
        byte[] header = [(byte)'B', (byte)'M', 0, 0, 0, 0, 0, 0, 0, 0, 62, 0, 0, 0, 40];
        header.CopyTo(file, 0);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), width);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), height);
        (file[26], file[28]) = (1, bits);
        await File.WriteAllBytesAsync(scan, file);

        BlipProcess.Result refused = await BlipProcess.RunAsync("ask", scan, "is there a cat?");
        Assert.Equal((1, ""), (refused.Code, refused.Out));
        Assert.Contains(option, refused.Error, StringComparison.Ordinal);
        BlipProcess.Result read = await BlipProcess.RunAsync("ask", scan, "is there a cat?", option, limit);
        Assert.Equal(0, read.Code);
        Assert.Single(read.Lines);
    }

    [Fact]
    public async Task Ask_TwoImagesAndTwoQuestions_PrintsTabbedLines()
    {
        BlipProcess.Result result = await BlipProcess.RunAsync(
            "ask", Dogs, Room, "-q", "is there a cat?", "-q", "is this inside or outside?");
        Assert.Equal(
        [
            $"{Dogs}\tis there a cat?\tno", $"{Dogs}\tis this inside or outside?\toutside",
            $"{Room}\tis there a cat?\tno", $"{Room}\tis this inside or outside?\tinside",
        ], result.Lines);
    }

    [Fact]
    public async Task Ask_OneOfTwoImagesIsMissing_AnswersTheOtherAndFails()
    {
        BlipProcess.Result result = await BlipProcess.RunAsync("ask", "missing.jpg", Room, "is this inside or outside?");
        Assert.Equal(1, result.Code);
        Assert.EndsWith("\tinside", Assert.Single(result.Lines), StringComparison.Ordinal);
        Assert.Contains("missing.jpg", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_OneOfTwoQuestionsIsBlank_AnswersTheOther()
    {
        BlipProcess.Result result = await BlipProcess.RunAsync("ask", Dogs, "-q", "", "-q", "is there a cat?", "--json");
        Assert.Equal(1, result.Code);
        JsonElement[] rows = [.. result.Lines.Select(l => JsonDocument.Parse(l).RootElement)];
        Assert.Equal("question_empty", rows[0].GetProperty("error").GetProperty("code").GetString());
        Assert.Equal("no", rows[1].GetProperty("answer").GetString());
    }

    [Fact]
    public async Task Ask_TwoQuestionsAboutAMissingImage_WritesOneError()
    {
        BlipProcess.Result result = await BlipProcess.RunAsync("ask", "missing.jpg", "-q", "what?", "-q", "where?");
        Assert.Equal((1, ""), (result.Code, result.Out));
        Assert.Single(result.ErrorLines, line => line.Contains("missing.jpg", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Ask_WordsAfterTwoDashes_AreWords() =>
        Assert.Equal(0, (await BlipProcess.RunAsync("ask", "--", Dogs, "--question")).Code);

    [Fact]
    public async Task Ask_Json_HasEveryMemberInOrder()
    {
        BlipProcess.Result result = await BlipProcess.RunAsync("ask", Dogs, "what color is the tree?", "--json");
        using JsonDocument document = JsonDocument.Parse(Assert.Single(result.Lines));
        Assert.Equal(
            [
                "image", "question", "answer", "token_ids", "token_logprobs", "confidence", "calibrated", "alternatives",
                "model", "device", "precision", "timing_ms",
            ],
            document.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal("green", document.RootElement.GetProperty("answer").GetString());
        Assert.Equal(
            ["decode", "resize", "vision", "question", "search", "total"],
            document.RootElement.GetProperty("timing_ms").EnumerateObject().Select(p => p.Name));
        Assert.Equal(
            document.RootElement.GetProperty("token_ids").GetArrayLength() - 1,
            document.RootElement.GetProperty("token_logprobs").GetArrayLength());
    }

    [Fact]
    public async Task Ask_ImageFromStdinAndDataUriAndAtSign_Work()
    {
        using FileStream image = File.OpenRead(Dogs);
        string dataUri = $"data:image/jpeg;base64,{Convert.ToBase64String(File.ReadAllBytes(Dogs))}";
        BlipProcess.Result result = await BlipProcess.RunAsync(image, ["ask", "-", dataUri, "-q", "@how many dogs are in the picture?"]);
        Assert.Equal(0, result.Code);
        Assert.Equal(2, result.Lines.Length);
    }

    [Fact]
    public async Task Ask_PathWithSpacesAndLettersBeyondAscii_Works()
    {
        using TempFolder folder = new();
        string path = Path.Combine(folder.Path, "zwei Hündchen 犬.jpg");
        File.Copy(Dogs, path);
        Assert.Equal("2\n", (await BlipProcess.RunAsync("ask", path, "how many dogs are in the picture?")).Out);
    }

    [Fact]
    public async Task Batch_BadLinesBetweenGoodOnes_AnswersInOrderAndFails()
    {
        using TempFolder folder = new();
        File.Copy(Dogs, Path.Combine(folder.Path, "dogs.jpg"));
        string file = Path.Combine(folder.Path, "questions.jsonl");
        List<string> lines =
        [
            "{broken",
            "[]",
            """{"id":7,"image":"no.jpg","question":"what?"}""",
            """{"image":"dogs.jpg","question":""}""",
            """{"image":"dogs.jpg"}""",
            """{"image":"dogs.jpg","question":"what?","\ud800":true}""",
            """{"id":"\ud800","image":"dogs.jpg","question":"what?"}""",
        ];
        for (int i = 0; i < 100; i++)
        {
            string question = i % 2 == 0 ? "how many dogs are in the picture?" : "is there a cat?";
            lines.Add($$$"""{"id":{"n":{{{i}}}},"image":"dogs.jpg","question":"{{{question}}}","frames":null,"beams":null}""");
        }
        File.WriteAllLines(file, lines);
        BlipProcess.Result result = await BlipProcess.RunAsync("ask", "--batch", file);
        Assert.Equal(1, result.Code);
        JsonElement[] rows = [.. result.Lines.Select(l => JsonDocument.Parse(l).RootElement)];
        Assert.Equal(lines.Count, rows.Length);
        Assert.Equal(
            ["invalid_request", "invalid_request", "file_not_found", "question_empty", "invalid_request", "invalid_request"],
            rows[..6].Select(r => r.GetProperty("error").GetProperty("code").GetString()));
        Assert.All(rows[..6], r => Assert.False(r.TryGetProperty("answer", out _)));
        Assert.Equal(7, rows[2].GetProperty("id").GetInt32());
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(i, rows[7 + i].GetProperty("id").GetProperty("n").GetInt32());
            Assert.Equal(i % 2 == 0 ? "2" : "no", rows[7 + i].GetProperty("answer").GetString());
        }
    }

    [Fact]
    public async Task Batch_LineThatIsNotUtf8OrNamesAMemberTwice_IsRefusedAlone()
    {
        using TempFolder folder = new();
        File.Copy(Dogs, Path.Combine(folder.Path, "dogs.jpg"));
        string file = Path.Combine(folder.Path, "questions.jsonl");
        File.WriteAllBytes(file, Encoding.Latin1.GetBytes(
            "{\"image\":\"dogs.jpg\",\"question\":\"o\xf9?\"}\n"
            // A noncharacter, U+FFFF, is UTF-8.
            + "{\"id\":\"\xef\xbf\xbf\",\"image\":\"dogs.jpg\",\"question\":\"is there a cat?\"}\n"
            + "{\"image\":\"dogs.jpg\",\"question\":\"a\",\"question\":\"b\"}\n"));
        BlipProcess.Result result = await BlipProcess.RunAsync("ask", "--batch", file);
        JsonElement[] rows = [.. result.Lines.Select(l => JsonDocument.Parse(l).RootElement)];
        Assert.Equal((1, 3), (result.Code, rows.Length));
        Assert.Equal("Line 1 is not text in UTF-8.", rows[0].GetProperty("error").GetProperty("message").GetString());
        Assert.Equal("no", rows[1].GetProperty("answer").GetString());
        Assert.Equal("Line 3 has \"question\" more than once.", rows[2].GetProperty("error").GetProperty("message").GetString());
    }

    [Fact(Timeout = 60_000)]
    public async Task Batch_FromStdin_AnswersAsLinesCome()
    {
        using Process process = BlipProcess.Start("ask", "--batch", "-");
        string line = JsonSerializer.Serialize(new { image = Dogs, question = "is there a cat?" });
        for (int i = 0; i < 3; i++)
        {
            await process.StandardInput.WriteLineAsync(line);
            await process.StandardInput.FlushAsync();
            string? answer = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
            Assert.Contains("\"answer\":\"no\"", answer, StringComparison.Ordinal);
        }
        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
    }

    [Fact(Timeout = 60_000)]
    public async Task Batch_ReaderClosesThePipe_EndsWithoutAnError()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows does not report that the pipe is closed.");
        using Process process = BlipProcess.Start("ask", "--batch", "-");
        string line = JsonSerializer.Serialize(new { image = Dogs, question = "is there a cat?" });
        await process.StandardInput.WriteLineAsync(line);
        await process.StandardInput.FlushAsync();
        await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        process.StandardOutput.Close();
        try
        {
            // Standard input stays open, so only the closed pipe can end the command.
            await process.StandardInput.WriteLineAsync(line);
            await process.StandardInput.FlushAsync();
            string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            Assert.Equal(0, process.ExitCode);
        }
        finally
        {
            process.Kill();
        }
    }
}
