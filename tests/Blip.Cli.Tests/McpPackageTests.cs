using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

/// <summary>
/// What the package says of itself as an MCP server, the configurations of MCP clients in samples/mcp, and what starting it says.
/// </summary>
public partial class McpPackageTests
{
    private const string Package = "Blip.Cli";

    private static readonly string Version = XDocument.Load(Path.Combine(TestPaths.Root, "Directory.Build.props"))
        .Descendants("Version").Single().Value;

    public static TheoryData<string> Clients =>
        [.. Directory.GetFiles(TestPaths.Sample("mcp"), "*.json").Select(path => Path.GetFileName(path)!)];

    [Fact]
    public void ServerJson_KeepsTheRulesOfItsSchema()
    {
        JsonElement server = Read(Path.Combine(TestPaths.Root, "src", Package, ".mcp", "server.json"));
        Assert.Equal("https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json", Text(server, "$schema"));
        Assert.Matches(ServerName(), Text(server, "name"));
        Assert.InRange(Text(server, "name").Length, 3, 200);
        Assert.InRange(Text(server, "title").Length, 1, 100);
        Assert.InRange(Text(server, "description").Length, 1, 100);
        Assert.Equal(Version, Text(server, "version"));

        JsonElement package = Assert.Single(server.GetProperty("packages").EnumerateArray());
        Assert.Equal(
            ("nuget", Package, Version, "dnx", "stdio"),
            (Text(package, "registryType"), Text(package, "identifier"), Text(package, "version"), Text(package, "runtimeHint"),
                Text(package.GetProperty("transport"), "type")));
        // Where the package lies is for the client's own settings to say.
        Assert.False(package.TryGetProperty("registryBaseUrl", out _));

        JsonElement[] arguments = [.. package.GetProperty("packageArguments").EnumerateArray()];
        Assert.Equal(("positional", "mcp"), (Text(arguments[0], "type"), Text(arguments[0], "value")));
        Assert.Equal(["--model", "--allow-folder"], arguments[1..].Select(argument => Text(argument, "name")));
        Assert.All(arguments[1..], CheckInput);
        Assert.Equal("demo", Text(arguments[1].GetProperty("variables").GetProperty("model"), "default"));
        Assert.Equal("filepath", Text(arguments[2].GetProperty("variables").GetProperty("folder"), "format"));
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task ClientConfiguration_StartsThePackageWithWordsThatBlipKnows(string file)
    {
        string path = TestPaths.Sample(Path.Combine("mcp", file));
        JsonElement configuration = Read(path);
        JsonElement server = configuration.GetProperty(file == "vscode.json" ? "servers" : "mcpServers").GetProperty("blip");
        Assert.Equal("dotnet", Text(server, "command"));
        string[] words = [.. server.GetProperty("args").EnumerateArray().Select(word => word.GetString()!)];
        Assert.Equal(["dnx", "--yes", Package, "--", "mcp"], words[..5]);
        Assert.Contains("--allow-folder", words);
        // Words that blip does not know are an error, with --help too.
        BlipProcess.Result help = await BlipProcess.RunAsync([.. words[4..], "--help"]);
        Assert.Equal((0, ""), (help.Code, help.Error));
        string docs = File.ReadAllText(Path.Combine(TestPaths.Root, "docs", "agents.md"));
        Assert.Contains($"samples/mcp/{file}", docs, StringComparison.Ordinal);
        Assert.Contains(File.ReadAllText(path), docs, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mcp_NoModelNamed_IsOneWarningThatTellsHowToNameOne()
    {
        // Standard input ends at once, as when a client leaves.
        BlipProcess.Result demo = await BlipProcess.RunAsync("mcp");
        Assert.Equal((0, ""), (demo.Code, demo.Out));
        string warning = Assert.Single(demo.ErrorLines);
        Assert.Contains("drawings only", warning, StringComparison.Ordinal);
        Assert.Contains("--model Salesforce/", warning, StringComparison.Ordinal);
        BlipProcess.Result named = await BlipProcess.RunAsync("mcp", "--model", TestPaths.Golden("models", "base"));
        Assert.Equal((0, "", ""), (named.Code, named.Out, named.Error));
    }

    [Fact]
    public async Task Mcp_FolderThatDoesNotExist_IsOneErrorThatNamesIt()
    {
        BlipProcess.Result result = await BlipProcess.RunAsync("mcp", "--allow-folder", "/no/such/folder");
        Assert.Equal((2, ""), (result.Code, result.Out));
        Assert.Contains("'/no/such/folder'", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    /// <summary>A named argument whose value is one variable that the client asks its user for.</summary>
    private static void CheckInput(JsonElement argument)
    {
        Assert.Equal("named", Text(argument, "type"));
        JsonProperty variable = Assert.Single(argument.GetProperty("variables").EnumerateObject());
        Assert.Equal($"{{{variable.Name}}}", Text(argument, "value"));
        Assert.NotEmpty(Text(variable.Value, "description"));
    }

    private static JsonElement Read(string path) => JsonDocument.Parse(File.ReadAllBytes(path)).RootElement;

    private static string Text(JsonElement element, string property) => element.GetProperty(property).GetString()!;

    [GeneratedRegex("^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$")]
    private static partial Regex ServerName();
}
