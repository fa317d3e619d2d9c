using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Blip.Tests;
using Markdig;
using Markdig.Syntax;
using Xunit;

namespace Blip.Cli.Tests;

/// <summary>
/// Each line of the README, the pages in docs and the packages' READMEs that begins with <c>blip</c> or <c>curl</c> runs as it stands, in a
/// folder with the files that the pages name, with a service, and with the demo models in the places of the models. What a page shows as
/// the output is what is printed.
/// </summary>
[Trait("Category", "Long")]
public sealed partial class DocumentedCommandTests : IDisposable
{
    /// <summary>What waits for somebody, or needs a cloud or a GPU. Other tests start the first two.</summary>
    private static readonly string[] Elsewhere = ["blip serve", "blip mcp", "blip blobs", "--device cuda", "$BLIP_HOST"];

    /// <summary>Output where a data set is broken or a run was killed: <c>BadDataTests</c> and <c>RunTests</c> have both.</summary>
    private static readonly string[] OfBrokenData = ["there are 5 cells for 4 columns", "continuing there"];

    private const string Headings = "id,image,question,answer";

    /// <summary>The last is labelled wrongly: where all answers are right, blip calibrate has nothing to fit.</summary>
    private static readonly string[] Rows =
    [
        "dogs.jpg,is there a cat?,no", "dogs.jpg,what color is the tree?,green", "street.jpg,is there a bus?,yes",
        "dogs.jpg,is there a dog?,no",
    ];

    private readonly TempFolder folder = new();

    private Dictionary<string, string> Environment => new() { ["BLIP_CACHE"] = Path.Combine(folder.Path, "cache"), ["NO_COLOR"] = "1" };

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> PagesWithCommands() =>
        [.. Pages().Where(page => Commands(page).Any())];

    [Theory]
    [MemberData(nameof(PagesWithCommands))]
    public async Task EveryCommand_OfAPage_RunsAndPrintsWhatThePageShows(string page)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The lines are run by a shell of Linux.");
        WriteFiles();
        Command[] commands = [.. Commands(page)];
        await using Server? server = commands.Any(command => command.AsksService)
            ? await Server.StartAsync(
                new Dictionary<string, string>(Environment) { ["Blip__SearchFolders"] = Path.Combine(folder.Path, "photos") })
            : null;
        string handle = server is null ? "" : await SendAsync(server.Address);
        foreach (Command command in commands)
        {
            string line = Localized(command.Line).Replace("sha256-...", handle, StringComparison.Ordinal);
            (int code, string[] printed) = await RunAsync(ServiceAddress().Replace(line, $"{server?.Address}".TrimEnd('/')));
            bool refused = command.Output is [['b', 'l', 'i', 'p', ':', ..], ..];
            Assert.True(code == 0 != refused, $"{line} ended with {code}:\n{string.Join('\n', printed)}");
            for (int i = 0; i < command.Output.Length && command.Output[i] != "..."; i++)
                Assert.Equal(WithoutNumbers(command.Output[i]), WithoutNumbers(printed.ElementAtOrDefault(i) ?? "nothing"));
        }
    }

    private static async Task<string> SendAsync(Uri service)
    {
        using HttpClient client = new() { BaseAddress = service };
        using ByteArrayContent image = new(await File.ReadAllBytesAsync(TestPaths.Sample("dogs.jpg")));
        image.Headers.ContentType = new("image/jpeg");
        using HttpResponseMessage response = await client.PostAsync(new Uri("api/images", UriKind.Relative), image);
        return (string)(await response.Content.ReadFromJsonAsync<JsonObject>())!["handle"]!;
    }

    private async Task<(int Code, string[] Printed)> RunAsync(string line)
    {
        string script = $$"""
            blip() { dotnet '{{BlipProcess.Program}}' "$@"; }
            curl() { command curl -sS --fail-with-body "$@"; }
            {{line}}
            """;
        ProcessStartInfo start = new("sh", ["-c", script])
        {
            WorkingDirectory = folder.Path, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach ((string name, string value) in Environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, (await output + await error).Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>Numbers depend on the images. All else does not.</summary>
    private static string WithoutNumbers(string line) => Spaces().Replace(Numbers().Replace(line, "0"), " ").Trim();

    private static IEnumerable<Command> Commands(string page)
    {
        foreach (CodeBlock block in Markdown.Parse(File.ReadAllText(Path.Combine(TestPaths.Root, page))).Descendants<CodeBlock>())
        {
            string[] lines = block.Lines.ToString().Replace("\\\n", " ", StringComparison.Ordinal).Split('\n');
            for (int i = 0; i < lines.Length; i++)
            {
                bool isShown = lines[i].StartsWith("$ ", StringComparison.Ordinal);
                string[] output = !isShown ? [] : [.. lines[(i + 1)..].TakeWhile(next => next is not ("" or ['$', ..]))];
                Command command = new(isShown ? lines[i][2..] : lines[i], output);
                if ((command.AsksService || command.Line.StartsWith("blip ", StringComparison.Ordinal))
                    && !Elsewhere.Any(part => command.Line.Contains(part, StringComparison.Ordinal))
                    && !OfBrokenData.Any(words => output.Any(text => text.Contains(words, StringComparison.Ordinal))))
                    yield return command;
            }
        }
    }

    private static IEnumerable<string> Pages() =>
        Directory.EnumerateFiles(TestPaths.Root, "*.md")
            .Concat(Directory.EnumerateFiles(Path.Combine(TestPaths.Root, "docs"), "*.md", SearchOption.AllDirectories))
            .Concat(Directory.EnumerateDirectories(Path.Combine(TestPaths.Root, "src"))
                .Select(project => Path.Combine(project, "README.md")))
            .Where(File.Exists)
            .Select(page => Path.GetRelativePath(TestPaths.Root, page))
            .Order(StringComparer.Ordinal);

    private static string Localized(string line) => line
        .Replace("Salesforce/blip-image-captioning-base", "demo-caption", StringComparison.Ordinal)
        .Replace("Salesforce/blip-vqa-capfilt-large", "demo", StringComparison.Ordinal)
        .Replace("Salesforce/blip-vqa-base", "demo", StringComparison.Ordinal)
        .Replace("org/adapter", TestPaths.Golden("easy-vqa", "adapter"), StringComparison.Ordinal)
        .Replace("FOLDER", ".", StringComparison.Ordinal);

    private void WriteFiles()
    {
        foreach (string name in (string[])["samples", "photos", "stills", "val2014"])
            Directory.CreateDirectory(Path.Combine(folder.Path, name));
        string[] samples = Directory.GetFiles(TestPaths.Sample(""), "*.jpg");
        for (int i = 0; i < samples.Length; i++)
        {
            Copy(samples[i], Path.GetFileName(samples[i]));
            Copy(samples[i], "samples", Path.GetFileName(samples[i]));
            Copy(samples[i], "photos", string.Create(CultureInfo.InvariantCulture, $"{i:D4}.jpg"));
            Copy(samples[i], "stills", string.Create(CultureInfo.InvariantCulture, $"{i:D4}.jpg"));
            Copy(samples[i], "val2014", string.Create(CultureInfo.InvariantCulture, $"COCO_val2014_{i:D12}.jpg"));
        }
        foreach (string name in (string[])["photo.jpg", "before.jpg", "after.jpg"])
            Copy(TestPaths.Sample("dogs.jpg"), name);
        Copy(TestPaths.Golden("images", "files", "animated.gif"), "clip.gif");
        IEnumerable<string> rows = Enumerable.Range(0, 120).Select(id => $"{id},{Rows[id % Rows.Length]}");
        Write("questions.csv", string.Join('\n', rows.Prepend(Headings)));
        Write("answers.txt", "a cup\na dog\na table\n");
        Write("questions.txt", "is it day or night?\nis there a dog?\n");
        const string Questions = """
            {"questions": [{"image_id": 0, "question": "is there a dog?", "question_id": 1}]}
            """;
        const string Annotations = """
            {"annotations": [{"image_id": 0, "question_id": 1, "question_type": "is there a", "answer_type": "yes/no",
             "multiple_choice_answer": "no", "answers": [{"answer": "no", "answer_id": 1}]}]}
            """;
        Write("questions.json", Questions);
        Write("v2_OpenEnded_mscoco_val2014_questions.json", Questions);
        Write("annotations.json", Annotations);
        Write("v2_mscoco_val2014_annotations.json", Annotations);
        Write("results.json", """[{"question_id": 1, "answer": "no"}]""");
    }

    private void Copy(string file, params string[] target) => File.Copy(file, Path.Combine([folder.Path, .. target]));

    private void Write(string name, string content) => File.WriteAllText(Path.Combine(folder.Path, name), content);

    [GeneratedRegex(@"-?\d+(\.\d+)?")]
    private static partial Regex Numbers();

    [GeneratedRegex(" +")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"http://127\.0\.0\.1:5080")]
    private static partial Regex ServiceAddress();

    /// <param name="Line">What is typed.</param>
    /// <param name="Output">What the page shows under it, if anything.</param>
    private sealed record Command(string Line, string[] Output)
    {
        public bool AsksService => Line.StartsWith("curl ", StringComparison.Ordinal);
    }
}
