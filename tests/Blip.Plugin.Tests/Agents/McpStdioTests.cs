using System.Diagnostics;
using System.Text.Json;
using Blip.AI.Images;
using Blip.Tests;
using Xunit;

namespace Blip.Plugin.Tests.Agents;

/// <summary><c>blip mcp</c> as its clients drive it: messages that cannot be read, roots, hints, progress, resources.</summary>
public sealed class McpStdioTests
{
    private const string WithRoots = """{"roots":{"listChanged":true}}""";

    private static readonly string Dogs = TestPaths.Sample("dogs.jpg");

    private static readonly string DataUri = "data:image/jpeg;base64," + Convert.ToBase64String(File.ReadAllBytes(Dogs));

    [Fact]
    public async Task Line_ThatCannotBeRead_IsAnswered_AndTheNextIsToo()
    {
        await using McpProcess server = await McpProcess.StartAsync("{}");
        string deep = new string('[', 70) + new string(']', 70);
        (string Line, int Code, string? Id)[] lines =
        [
            ("{", -32700, null),
            ("[]", -32600, null),
            ("""{"jsonrpc":"2.0","id":7,"method":7}""", -32600, "7"),
            ($$$"""{"jsonrpc":"2.0","id":"a","method":"ping","params":{"a":{{{deep}}}}}""", -32700, "\"a\""),
            ("""{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"ask_image","arguments":{"q":"\ud83d"}}}""", -32602, "8"),
            ("""{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"ask_image","arguments":"x"}}""", -32602, "9"),
            ("""{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"evil\u001b[2J\r\nfake","arguments":{}}}""", -32602, "9"),
        ];
        // No answer may come to what is none of them: a notification, a response, an empty line.
        await server.SendAsync("""{"jsonrpc":"2.0","method":"\ud83d"}""");
        await server.SendAsync("""{"jsonrpc":"2.0","id":5,"result":{"a":"\ud83d"}}""");
        await server.SendAsync("");
        foreach ((string line, int code, string? id) in lines)
        {
            await server.SendAsync(line);
            JsonElement reply = await server.ReceiveAsync();
            Assert.Equal(code, reply.GetProperty("error").GetProperty("code").GetInt32());
            Assert.Equal(id ?? "null", reply.GetProperty("id").GetRawText());
        }
        await server.SendAsync("""{"jsonrpc":"2.0","id":10,"method":"ping"}""");
        Assert.Equal(10, (await server.ReceiveAsync()).GetProperty("id").GetInt32());
        Assert.DoesNotContain('\u001b', server.Errors);
        Assert.DoesNotContain("   at ", server.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Roots_AreAskedForOnce_WhereAFileIsNamed_AndAgainWhenTheyChange()
    {
        await using McpProcess server = await McpProcess.StartAsync(WithRoots);
        string root = TestPaths.Sample("");
        server.Answer = _ => $$"""{"roots":[{"uri":{{JsonSerializer.Serialize(new Uri(root).AbsoluteUri)}}}]}""";
        foreach (string image in (string[])[DataUri, "image-1", "https://example.com/a.jpg"])
            await server.AskAsync(image);
        Assert.Empty(server.Asked);
        for (int i = 0; i < 2; i++)
            Assert.Equal("2", (await server.AskAsync(Dogs)).GetProperty("answer").GetString());
        Assert.Equal(["roots/list"], server.Asked);

        root = TestPaths.Golden("images");
        await server.SendAsync("""{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}""");
        JsonElement error = (await server.AskAsync(Dogs)).GetProperty("error");
        Assert.Equal(ImageSourceErrorCode.FileNotAllowed, error.GetProperty("code").GetString());
        Assert.Contains(new Uri(root).AbsoluteUri, error.GetProperty("hint").GetString(), StringComparison.Ordinal);
        Assert.Equal(2, server.Asked.Count);
    }

    [Fact]
    public async Task Roots_NeverNamed_AreWaitedForOnce()
    {
        await using McpProcess server = await McpProcess.StartAsync(WithRoots, "--allow-folder", TestPaths.Sample(""));
        Assert.Equal("2", (await server.AskAsync(DataUri)).GetProperty("answer").GetString());
        Assert.Equal("2", (await server.AskAsync(Dogs)).GetProperty("answer").GetString());
        long begin = Stopwatch.GetTimestamp();
        Assert.Equal("2", (await server.AskAsync(Dogs)).GetProperty("answer").GetString());
        Assert.InRange(Stopwatch.GetElapsedTime(begin).TotalSeconds, 0, 4.5);
        Assert.Single(server.Asked);
    }

    [Fact]
    public async Task Hint_NamesTheFoldersThatMayBeRead()
    {
        await using McpProcess none = await McpProcess.StartAsync("{}");
        JsonElement error = (await none.AskAsync("/etc/hostname")).GetProperty("error");
        Assert.Contains("--allow-folder", error.GetProperty("hint").GetString(), StringComparison.Ordinal);
        string folder = TestPaths.Golden("images");
        await using McpProcess one = await McpProcess.StartAsync("{}", "--allow-folder", folder);
        error = (await one.AskAsync("/etc/hostname")).GetProperty("error");
        Assert.Contains(folder, error.GetProperty("hint").GetString(), StringComparison.Ordinal);
        error = (await one.AskAsync("https://example.com/a.jpg")).GetProperty("error");
        Assert.DoesNotContain("attach", error.GetProperty("hint").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("https", error.GetProperty("hint").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Line_WithoutEnd_IsRefused_AndTheNextIsAnswered()
    {
        await using McpProcess server = await McpProcess.StartAsync("{}");
        await server.SendAsync($$$"""{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"{{{new string('x', 140 << 20)}}}"}}""");
        JsonElement error = (await server.ReceiveAsync()).GetProperty("error");
        Assert.Equal(-32600, error.GetProperty("code").GetInt32());
        Assert.Contains("64 MiB", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        await server.SendAsync("""{"jsonrpc":"2.0","id":2,"method":"ping"}""");
        Assert.Equal(2, (await server.ReceiveAsync()).GetProperty("id").GetInt32());
    }

    [Fact]
    public async Task Environment_AllowsAddresses_AndSettingsOfTheServiceAreNoMistake()
    {
        Dictionary<string, string> environment = new()
        {
            ["Blip__Sources__AllowedHosts"] = "images.invalid", ["Blip__ApiKey"] = "key", ["Blip__Blobs__TryTime"] = "00:01:00",
        };
        await using McpProcess server = await McpProcess.StartAsync("{}", environment);
        JsonElement error = (await server.AskAsync("https://images.invalid/a.png")).GetProperty("error");
        Assert.Contains("images.invalid", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.NotEqual(ImageSourceErrorCode.HostNotAllowed, error.GetProperty("code").GetString());
        error = (await server.AskAsync("https://other.invalid/a.png")).GetProperty("error");
        Assert.Equal(ImageSourceErrorCode.HostNotAllowed, error.GetProperty("code").GetString());
    }

    [Fact]
    public async Task Progress_NamesTheModelWithoutItsFolder()
    {
        string model = TestPaths.Golden("models", "base");
        await using McpProcess server = await McpProcess.StartAsync("{}", "--model", model);
        await server.AskAsync(DataUri, meta: """{"progressToken":1}""");
        string[] messages = [.. server.Notifications.Select(n => n.GetProperty("params").GetProperty("message").GetString()!)];
        Assert.NotEmpty(messages);
        Assert.All(messages, message => Assert.EndsWith(" base", message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Resources_AreTheImagesOfTheConversation()
    {
        await using McpProcess server = await McpProcess.StartAsync("{}");
        await server.AskAsync(DataUri);
        await server.SendAsync("""{"jsonrpc":"2.0","id":2,"method":"resources/list"}""");
        JsonElement resource = Assert.Single(
            (await server.ReceiveAsync()).GetProperty("result").GetProperty("resources").EnumerateArray());
        Assert.Equal("blip://images/image-1", resource.GetProperty("uri").GetString());
        Assert.Equal("image/jpeg", resource.GetProperty("mimeType").GetString());
        await server.SendAsync("""{"jsonrpc":"2.0","id":3,"method":"resources/read","params":{"uri":"blip://images/image-1"}}""");
        JsonElement content = (await server.ReceiveAsync()).GetProperty("result").GetProperty("contents")[0];
        Assert.Equal(File.ReadAllBytes(Dogs), content.GetProperty("blob").GetBytesFromBase64());
        await server.SendAsync("""{"jsonrpc":"2.0","id":4,"method":"resources/read","params":{"uri":"blip://images/image-2"}}""");
        Assert.Equal(-32602, (await server.ReceiveAsync()).GetProperty("error").GetProperty("code").GetInt32());
    }
}
