using System.Text;
using Blip.Tests;
using Parquet;
using Parquet.Schema;
using Xunit;

namespace Blip.Cli.Tests.DataSets;

/// <summary>Data sets that cannot be used: the message says where and what to do, and no model is loaded for that.</summary>
[Trait("Category", "Long")]
public sealed class BadDataTests : IDisposable
{
    private static readonly int[] TwoOfOneRow = [0, 1];

    private readonly TempFolder _folder = new();

    public static TheoryData<string, string, string> Files => new()
    {
        { "a.csv", "image,text\nx.jpg,hello\n", "a.csv has no column question. Its columns are image, text." },
        { "a.csv", "image,question\n", "a.csv has no rows." },
        { "a.csv", "", "a.csv has no rows." },
        { "a.jsonl", "\n\n", "a.jsonl has no rows." },
        {
            "a.csv", "image,question\nx.jpg,\"is it\nred?\"\nx.jpg,is it, or not?\n",
            "a.csv, line 4: there are 3 cells for 2 columns. A cell that holds ',' needs quotes."
        },
        {
            "a.csv", "image,question\nx.jpg,\"is it red?\ny.jpg,no\n",
            "a.csv, line 2: a quote is opened and never closed. Inside quotes, write a quote twice."
        },
        { "a.csv", "image,question,Image\nx.jpg,a,b\n", "a.csv, line 1: two columns are called Image." },
        {
            "a.csv", "image;question;\nx.jpg;a;\n",
            "a.csv, line 1: the heading of column 3 is empty. Write a name, or leave the column out."
        },
        { "a.csv", "image,question\nx.jpg,a\n,b\n", "a.csv, line 3: image is empty." },
        { "a.csv", "image,question,confidence\nx.jpg,a,1\n", "a.csv has a column confidence, which a run writes itself. Rename it." },
        { "a.jsonl", "{\"image\":\"x\",\"question\":\"y\"}\nnot json\n", "a.jsonl, line 2: this is not valid JSON." },
        { "a.jsonl", "[1]\n", "a.jsonl, line 1: this is not a JSON object." },
        { "a.jsonl", "{\"image\":\"x\",\"question\":[\"y\"]}\n", "a.jsonl, line 1: question is not text." },
        {
            "a.jsonl", "{\"image\":\"x\",\"question\":\"y\",\"answer\":[\"z\"]}\n",
            "a.jsonl, line 1: answer is not text. The answers of several people stand in a column answers."
        },
        { "a.json", "{\"questions\":\n[}", "a.json, line 2: this is not valid JSON." },
        { "a.json", "[]", "a.json does not have the questions of VQA v2: an object with questions." },
        { "a.json", "{\"questions\":[{\"question\":\"x\"}]}", "a.json, questions[0]: question_id is missing." },
        { "a.json", "{\"questions\":[]}", "a.json has no questions." },
        { "a.json", "{\"questions\":[{\"question_id\":\"\\ud800\"}]}", "a.json, questions[0]: question_id is not valid Unicode." },
        { "a.parquet", "PAR1 is no more than a beginning", "a.parquet cannot be read as Parquet:" },
        { "a.xlsx", "PK", "a.xlsx is not a table that Blip reads. Name a file that ends with .csv, .tsv, .jsonl or .parquet." },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Run_WhatCannotBeRead_IsNamed(string name, string content, string expected)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, name), content);
        await AssertToldAsync(expected, "run", name, "--out", "out.csv");
    }

    /// <summary>As data sets of the hub have it: ten answers a question.</summary>
    [Fact]
    public async Task Run_NestedColumnOfParquet_IsNamed()
    {
        DataField<string> image = new("image"), question = new("question"), answer = new("element");
        ParquetSchema schema = new(image, question, new ListField("answers", answer));
        await using (FileStream file = File.Create(Path.Combine(_folder.Path, "a.parquet")))
        await using (ParquetWriter writer = await ParquetWriter.CreateAsync(schema, file))
        {
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await group.WriteAsync(image, ["x.jpg"]);
            await group.WriteAsync(question, ["is it red?"]);
            await group.WriteAsync(answer, ["yes", "no"], TwoOfOneRow);
            group.CompleteValidate();
        }
        await AssertToldAsync(
            "a.parquet: column answers is nested, which cannot be read. Leave it out, or make it text.",
            "run", "a.parquet", "--out", "out.csv");
    }

    [Fact]
    public async Task Run_OtherEncoding_IsNamed()
    {
        await File.WriteAllBytesAsync(
            Path.Combine(_folder.Path, "a.csv"), Encoding.Latin1.GetBytes("image,question\nx.jpg,où est le chien?\n"));
        await AssertToldAsync(
            "a.csv, line 2: the text is not UTF-8. In a spreadsheet, save it as 'CSV UTF-8'.", "run", "a.csv", "--out", "out.csv");
    }

    /// <summary>Far behind what the reader decodes at once.</summary>
    [Theory]
    [InlineData("a.csv", "image,question\n", "x.jpg,is it red?\n", "x.jpg,o\xf9?\n", "a.csv, line 3002: the text is not UTF-8.")]
    [InlineData(
        "a.csv", "\xef\xbb\xbfimage,question\n", "x.jpg,is it \xef\xbf\xbf?\n", "x.jpg,o\xf9?\n",
        "a.csv, line 3002: the text is not UTF-8.")]
    [InlineData(
        "a.jsonl", "\n", "{\"image\":\"x.jpg\",\"question\":\"a\"}\n", "{\"image\":\"x.jpg\",\"question\":\"o\xf9?\"}\n",
        "a.jsonl, line 3002: this is not text in UTF-8.")]
    public async Task Run_OtherEncodingFarBehind_IsNamedByItsLine(string name, string first, string good, string bad, string expected)
    {
        await File.WriteAllBytesAsync(
            Path.Combine(_folder.Path, name), Encoding.Latin1.GetBytes(first + string.Concat(Enumerable.Repeat(good, 3000)) + bad));
        await AssertToldAsync(expected, "run", name, "--out", "out.csv");
    }

    [Fact]
    public async Task Run_QuestionsWithAMarkThatAreNotUtf8_AreNamed()
    {
        Directory.CreateDirectory(Path.Combine(_folder.Path, "photos"));
        await File.WriteAllBytesAsync(Path.Combine(_folder.Path, "q.txt"), Encoding.Latin1.GetBytes("\xef\xbb\xbfo\xf9?\n"));
        await AssertToldAsync("q.txt is not text in UTF-8.", "run", "photos", "--questions", "q.txt", "--out", "out.csv");
    }

    [Fact]
    public async Task Run_HalfOfASurrogatePair_IsNamed()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "a.jsonl"), """{"image":"x.jpg","question":"a\ud800"}""");
        await AssertToldAsync(
            "a.jsonl, line 1: a text has half of a surrogate pair. Write whole characters.", "run", "a.jsonl", "--out", "out.csv");
    }

    [Fact]
    public async Task Run_MemberTwice_IsNamed()
    {
        await File.WriteAllTextAsync(
            Path.Combine(_folder.Path, "a.jsonl"), """{"image":"x.jpg","question":"a","question":"b"}""");
        await AssertToldAsync("a.jsonl, line 1: \"question\" is there more than once.", "run", "a.jsonl", "--out", "out.csv");
    }

    [Fact]
    public async Task Run_ResultsWithoutIds_AreRefused()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "a.csv"), "image,question\nx.jpg,is it red?\n");
        await AssertToldAsync(
            "Results of VQA v2 need an id for each question, but in a.csv line 2 has none.", "run", "a.csv", "--out", "o.json");
    }

    [Theory]
    [InlineData("image,question,answer\nx.jpg,a,b\n", "a.csv has no column truth, so the right answers are unknown.")]
    [InlineData("image,question,truth\nx.jpg,a,b\n", "a.csv has no column answer.")]
    [InlineData("image,question,answer,truth\nx.jpg,a,b,\n", "In a.csv the column truth is empty, so the right answers are unknown.")]
    [InlineData("image,question,answer,truth,confidence\nx.jpg,a,b,c,much\n", "a.csv, line 2: confidence is much, but must be a number, 0")]
    [InlineData("image,question,answer,truth,confidence\nx.jpg,a,b,c,NaN\n", "a.csv, line 2: confidence is NaN, but must be a number, 0")]
    [InlineData("image,question,answer,truth,margin\nx.jpg,a,b,c,NaN\n", "a.csv, line 2: margin is NaN, but must be a number.")]
    public async Task Eval_WhatIsNoRun_IsNamed(string content, string expected)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "a.csv"), content);
        await AssertToldAsync(expected, "eval", "a.csv");
    }

    /// <summary>Each image would be missing, and the report would not show that.</summary>
    [Theory]
    [InlineData("eval", "run.csv", "--html", "out.html")]
    [InlineData("run", "a.csv", "--out", "out.csv")]
    [InlineData("calibrate", "a.csv")]
    public async Task ImageFolder_ThatDoesNotExist_IsNamed(params string[] words)
    {
        IEnumerable<string> rows = Enumerable.Repeat("x.jpg,is it red?,yes", 100);
        await File.WriteAllLinesAsync(Path.Combine(_folder.Path, "a.csv"), rows.Prepend("image,question,answer"));
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "run.csv"), "image,question,answer,truth\nx.jpg,is it red?,no,yes\n");
        await AssertToldAsync("There is no folder nosuch.", [.. words, "--images", "nosuch"]);
        Assert.False(File.Exists(Path.Combine(_folder.Path, "out.html")));
    }

    private async Task AssertToldAsync(string expected, params string[] words)
    {
        BlipProcess.Result result = await BlipProcess.RunAsync(null, words, folder: _folder.Path);
        Assert.Equal((1, ""), (result.Code, result.Out));
        Assert.Contains(expected, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder.Path, "out.csv")));
    }
}
