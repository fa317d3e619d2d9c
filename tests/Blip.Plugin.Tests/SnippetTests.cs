using System.Net;
using System.Reflection;
using System.Text.RegularExpressions;
using Blip.Checkpoints;
using Blip.Runtime;
using Blip.Tests;
using Markdig;
using Markdig.Syntax;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Blip.Plugin.Tests;

/// <summary>
/// The C# of the README, the pages in docs, the packages' READMEs and the examples in the code compiles as it stands, and what needs
/// nothing of its reader's program runs, with the demo models and a sample in the places of the models and images that it names.
/// </summary>
[Trait("Category", "Long")]
public partial class SnippetTests
{
    /// <summary>What a reader's program has around a snippet.</summary>
    private const string Reader = """
        global using static Reader;
        internal static class Reader
        {
            public static Blip.BlipModel blip;
            public static Blip.BlipImage image;
            public static Blip.EncodedImage encoded;
            public static IServiceCollection services;
            public static IServiceProvider provider, serviceProvider;
            public static WebApplicationBuilder builder;
            public static WebApplication app;
            public static Microsoft.SemanticKernel.IKernelBuilder kernelBuilder;
            public static Microsoft.SemanticKernel.Kernel kernel;
            public static Microsoft.SemanticKernel.ChatCompletion.ChatHistory history;
            public static Microsoft.Extensions.AI.IChatClient chatClient;
            public static Blip.AI.BlipConversation conversation;
            public enum Weather { Sunny, Cloudy, Rainy }
        }
        """;

    private const string Usings = """
        global using System; global using System.ClientModel; global using System.Collections.Generic; global using System.IO;
        global using System.Linq; global using System.Threading; global using System.Threading.Tasks;
        global using Microsoft.AspNetCore.Builder; global using Microsoft.Extensions.DependencyInjection;
        global using Microsoft.Extensions.Hosting; global using Microsoft.Extensions.AI; global using Microsoft.SemanticKernel;
        global using Microsoft.Agents.AI;
        global using Blip; global using Blip.AI; global using Blip.AI.Images; global using Blip.AI.Chat; global using Blip.Hosting;
        global using Blip.Mcp; global using Blip.Plugin; global using OpenAI; global using OpenAI.Chat;
        """;

    /// <summary>Another test holds this page to a file that is run as a user's test.</summary>
    private const string TestingPage = "testing.md";

    /// <summary>What names the hub, a GPU, or a service that runs.</summary>
    private static readonly string[] NotHere = ["HubClient", "BlipDevice.Cuda", "OpenAIClient"];

    private static readonly MetadataReference[] Assemblies =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    /// <summary>The demo model's graphs as files.</summary>
    private static readonly Lazy<string> Graphs = new(() =>
    {
        using Checkpoint checkpoint = Checkpoint.Open(TestPaths.DemoModel);
        string folder = Directory.CreateTempSubdirectory("blip-snippets").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        GraphExporter.Export(checkpoint, folder, CancellationToken.None);
        return folder;
    });

    public static TheoryData<string, int> Snippets()
    {
        TheoryData<string, int> snippets = [];
        foreach (string page in Pages())
        {
            for (int i = 0; i < Blocks(page).Length; i++)
                snippets.Add(page, i);
        }
        return snippets;
    }

    [Theory]
    [MemberData(nameof(Snippets))]
    public async Task Snippet_OfAPage_Compiles_AndRunsWhereItStandsAlone(string page, int block)
    {
        string code = Blocks(page)[block];
        string[] errors = Errors(Compile(code, Reader));
        Assert.True(errors.Length == 0, string.Join(Environment.NewLine, errors));
        CSharpCompilation alone = Compile(Localized(code), null);
        if (Errors(alone).Length > 0 || NotHere.Any(name => code.Contains(name, StringComparison.Ordinal)))
            return;
        using MemoryStream assembly = new();
        alone.Emit(assembly, cancellationToken: TestContext.Current.CancellationToken);
        MethodInfo main = Assembly.Load(assembly.ToArray()).EntryPoint!;
        // The compiler's entry waits for the asynchronous one, whose errors it throws.
        await Task.Run(() => main.Invoke(null, [Array.Empty<string>()]), TestContext.Current.CancellationToken);
    }

    private static IEnumerable<string> Pages() =>
        Directory.EnumerateFiles(TestPaths.Root, "README.md")
            .Concat(Directory.EnumerateFiles(Path.Combine(TestPaths.Root, "docs"), "*.md"))
            .Concat(Directory.EnumerateDirectories(Path.Combine(TestPaths.Root, "src")).Select(folder => Path.Combine(folder, "README.md")))
            .Where(page => File.Exists(page) && Path.GetFileName(page) != TestingPage)
            .Concat(Directory.EnumerateFiles(Path.Combine(TestPaths.Root, "src"), "*.cs", SearchOption.AllDirectories)
                .Where(file => Example.IsMatch(File.ReadAllText(file))))
            .Select(page => Path.GetRelativePath(TestPaths.Root, page).Replace('\\', '/'))
            .Order(StringComparer.Ordinal);

    private static string[] Blocks(string page)
    {
        string text = File.ReadAllText(Path.Combine(TestPaths.Root, page));
        return Path.GetExtension(page) == ".cs"
            ? [.. Example.Matches(text).Select(match => WebUtility.HtmlDecode(CommentMark.Replace(match.Groups[1].Value, "")))]
            : [.. Markdown.Parse(text).Descendants<FencedCodeBlock>().Where(block => block.Info == "csharp")
                .Select(block => block.Lines.ToString())];
    }

    /// <summary>The same with what is here: the demo models, and a sample.</summary>
    private static string Localized(string code)
    {
        string dogs = TestPaths.Sample("dogs.jpg");
        (string Written, string Here)[] names =
        [
            ("Salesforce/blip-image-captioning-large", "demo-caption"), ("Salesforce/blip-itm-base-coco", "demo-matching"),
            ("Salesforce/blip-vqa-capfilt-large", "demo"), ("photo.jpg", dogs), ("dogs.jpg", dogs),
            ("photos", Path.GetDirectoryName(dogs)!), ("onnx", Graphs.Value),
        ];
        return names.Aggregate(code, (text, name) => text.Replace(
            SymbolDisplay.FormatLiteral(name.Written, quote: true), SymbolDisplay.FormatLiteral(name.Here, quote: true),
            StringComparison.Ordinal));
    }

    private static CSharpCompilation Compile(string code, string? reader) => CSharpCompilation.Create(
        "Snippet", new[] { Usings, reader, code }.OfType<string>().Select(text => CSharpSyntaxTree.ParseText(text)), Assemblies,
        new CSharpCompilationOptions(OutputKind.ConsoleApplication));

    private static string[] Errors(CSharpCompilation compilation) =>
        [.. compilation.GetDiagnostics().Where(found => found.Severity == DiagnosticSeverity.Error).Select(error => error.ToString())];

    [GeneratedRegex("<example><code>(.*?)/// </code></example>", RegexOptions.Singleline)]
    private static partial Regex Example { get; }

    [GeneratedRegex("^ */// ?", RegexOptions.Multiline)]
    private static partial Regex CommentMark { get; }
}
