using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Blip.AI.Images;
using Blip.Plugin.Tests.Images;
using Blip.Tests;
using Xunit;

namespace Blip.Plugin.Tests.Agents;

/// <summary><c>blip mcp</c> as its clients drive it: messages that cannot be read, roots, hints, progress, resources.</summary>
[Trait("Category", "Long")]
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
            ("[1,2]", -32600, null),
            ("[1,2", -32700, null),
            ("\"a\" x", -32700, null),
            (new string('[', 100), -32700, null),
            (deep, -32700, null),
            (deep[6..^6], -32600, null),
            ("""{"jsonrpc":"2.0","id":7,"method":7}""", -32600, "7"),
            ($$$"""{"jsonrpc":"2.0","id":"a","method":"ping","params":{"a":{{{deep}}}}}""", -32700, "\"a\""),
            ("""{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"ask_image","arguments":{"q":"\ud83d"}}}""", -32602, "8"),
            ("""{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"ask_image","arguments":"x"}}""", -32602, "9"),
            ("""{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"evil\u001b[2J\r\nfake","arguments":{}}}""", -32602, "9"),
            ("""{"jsonrpc":"2.0","id":11,"method":"logging/setLevel","params":{"level":3}}""", -32602, "11"),
            ("""{"jsonrpc":"2.0","id":12,"method":"tools/list","params":{"cursor":"x"}}""", -32602, "12"),
            ("""{"jsonrpc":"2.0","id":13,"method":"resources/read"}""", -32602, "13"),
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
    public async Task Line_WithAByteOrderMark_IsAnswered()
    {
        await using McpProcess server = await McpProcess.StartAsync("{}");
        await server.SendAsync("\uFEFF" + """{"jsonrpc":"2.0","id":2,"method":"ping"}""");
        Assert.Equal(2, (await server.ReceiveAsync()).GetProperty("id").GetInt32());
        await server.SendAsync("\uFEFF");
        await server.SendAsync("""{"jsonrpc":"2.0","id":3,"method":"ping"}""");
        Assert.Equal(3, (await server.ReceiveAsync()).GetProperty("id").GetInt32());
        await server.SendAsync("\uFEFF\uFEFF" + """{"jsonrpc":"2.0","id":4,"method":"ping"}""");
        Assert.Equal(-32700, (await server.ReceiveAsync()).GetProperty("error").GetProperty("code").GetInt32());
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
        await using McpProcess server = await McpProcess.StartAsync(WithRoots);
        Assert.Equal("2", (await server.AskAsync(DataUri)).GetProperty("answer").GetString());
        Assert.True((await server.AskAsync(Dogs)).TryGetProperty("error", out _));
        long begin = Stopwatch.GetTimestamp();
        Assert.True((await server.AskAsync(Dogs)).TryGetProperty("error", out _));
        Assert.InRange(Stopwatch.GetElapsedTime(begin).TotalSeconds, 0, 4.5);
        Assert.Single(server.Asked);
    }

    [Fact]
    public async Task Roots_NeverNamed_HoldUpNothingThatIsAllowed()
    {
        await using McpProcess server = await McpProcess.StartAsync(WithRoots, "--allow-folder", TestPaths.Sample(""));
        Assert.Equal("2", (await server.AskAsync(Dogs)).GetProperty("answer").GetString());
        Assert.Empty(server.Asked);
        long begin = Stopwatch.GetTimestamp();
        for (int i = 0; i < 3; i++)
            Assert.Contains("dogs.jpg", Names(await server.ListAsync()));
        Assert.InRange(Stopwatch.GetElapsedTime(begin).TotalSeconds, 0, 4.5);
        Assert.Single(server.Asked);
    }

    [Fact]
    public async Task List_NamesTheFilesThatMayBeRead_NewestFirst_AndEachNameIsRead()
    {
        using TempFolder allowed = new(), root = new(), outside = new();
        string[] files =
        [
            allowed.Write("", "old.jpg"), root.Write("", "shots", "latest shot.JPG"), root.Write("", "image-1.jpg"),
            root.Write("", "a~b.jpg"), root.Write("", "old.jpg"), allowed.Write("", "deep", "er", "still.jpg"),
        ];
        DateTime now = DateTime.UtcNow;
        for (int i = 0; i < files.Length; i++)
        {
            File.Copy(Dogs, files[i], overwrite: true);
            File.SetLastWriteTimeUtc(files[i], now.AddMinutes(files.Length - i));
        }
        // None of these can be read, or is an image.
        root.Write("x", "notes.txt");
        root.Write("", "empty.jpg");
        root.Write("x", ".hidden.jpg");
        root.Write("x", "shot-10:00.jpg");
        root.Write("x", "1", "2", "3", "4", "5", "far.jpg");
        File.CreateSymbolicLink(root.At("link.jpg"), outside.Write("x", "secret.jpg"));
        Directory.CreateSymbolicLink(root.At("links"), outside.Root);
        await using McpProcess server = await McpProcess.StartAsync(WithRoots, "--allow-folder", allowed.Root);
        server.Answer = _ => $$"""{"roots":[{"uri":{{JsonSerializer.Serialize(new Uri(root.Root).AbsoluteUri)}}}]}""";
        JsonElement list = await server.ListAsync();
        string[] names = Names(list);
        Assert.Equal(
            ["old.jpg", "shots/latest shot.JPG", "./image-1.jpg", "a~b.jpg", Path.Combine(root.Root, "old.jpg"), "deep/er/still.jpg"],
            names);
        Assert.Equal(new FileInfo(Dogs).Length, list.GetProperty("images")[0].GetProperty("bytes").GetInt64());
        await server.AskAsync(DataUri);
        foreach (string name in names)
        {
            JsonElement answer = await server.AskAsync(name);
            Assert.Equal("2", answer.GetProperty("answer").GetString());
            // A file is never called by the handle of another image.
            Assert.Equal(name == "./image-1.jpg" ? name : Path.GetFileName(name), answer.GetProperty("image").GetString());
        }
        Assert.Single(server.Asked);
    }

    [Fact]
    public async Task List_OfManyFiles_IsBounded_AndSaysSo()
    {
        using TempFolder folder = new();
        for (int i = 0; i < 50; i++)
            folder.Write("x", $"{i}.png");
        await using McpProcess server = await McpProcess.StartAsync("{}", "--allow-folder", folder.Root);
        JsonElement list = await server.ListAsync();
        Assert.Equal(20, Names(list).Length);
        Assert.Contains("20 newest", list.GetProperty("hint").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Input_ThatEndsEarly_IsAnswered(bool withLineEnd)
    {
        const string Me = """{"name":"t","version":"1"}""";
        string client = $$"""{"protocolVersion":"2025-06-18","capabilities":{{WithRoots}},"clientInfo":{{Me}}}""";
        string call = JsonSerializer.Serialize(new { image = Dogs, question = "how many dogs are in the picture?" });
        string[] lines =
        [
            $$$"""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{{{client}}}}""",
            """{"jsonrpc":"2.0","method":"notifications/initialized"}""",
            $$$"""{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"ask_image","arguments":{{{call}}}}}""",
            """{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"list_images","arguments":{}}}""",
        ];
        long begin = Stopwatch.GetTimestamp();
        using MemoryStream input = new(Encoding.UTF8.GetBytes(string.Join('\n', lines) + (withLineEnd ? "\n" : "")));
        BlipProcess.Result ended = await BlipProcess.RunAsync(input, ["mcp", "--allow-folder", TestPaths.Sample("")]);
        Assert.Equal(0, ended.Code);
        // The roots are asked for, and cannot be told any more.
        Assert.InRange(Stopwatch.GetElapsedTime(begin).TotalSeconds, 0, 20);
        JsonElement[] replies = [.. ended.Lines.Select(line => JsonElement.Parse(line))
            .Where(message => !message.TryGetProperty("method", out _)).OrderBy(reply => reply.GetProperty("id").GetInt32())];
        Assert.Equal([1, 2, 3], replies.Select(reply => reply.GetProperty("id").GetInt32()));
        Assert.Equal("2", McpProcess.Read(replies[1]).GetProperty("answer").GetString());
        Assert.Contains("dogs.jpg", Names(McpProcess.Read(replies[2])));
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

    private static string[] Names(JsonElement list) =>
        [.. list.GetProperty("images").EnumerateArray().Select(image => image.GetProperty("image").GetString()!)];
}
