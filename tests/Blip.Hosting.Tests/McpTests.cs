using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Blip.Tests;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>MCP over HTTP, as messages of JSON-RPC: what a caller gets, and what the log keeps.</summary>
public sealed class McpTests(SharedService shared) : IClassFixture<SharedService>
{
    private static readonly string DataUri = "data:image/jpeg;base64," + Convert.ToBase64String(Service.Dogs);

    private static readonly string Deep = new string('[', 70) + new string(']', 70);

    public static TheoryData<string, int, string> Unreadable => new()
    {
        { "{", -32700, "line 1" },
        { "", -32700, "JSON" },
        { """{"jsonrpc":"2.0","id":7,"method":"ping"} x""", -32700, "JSON" },
        { $$$"""{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":{{{Deep}}}}}""", -32700, "64" },
        { "[]", -32600, "batches" },
        { "[1,2", -32700, "JSON" },
        { """{"id":7,"method":"ping"}""", -32600, "jsonrpc" },
        { """{"jsonrpc":2,"id":7,"method":"ping"}""", -32600, "jsonrpc" },
        { """{"jsonrpc":"2.0","id":7,"method":7}""", -32600, "'method'" },
        { """{"jsonrpc":"2.0","id":null,"method":"ping"}""", -32600, "'id'" },
        { """{"jsonrpc":"2.0","id":7.5,"method":"ping"}""", -32600, "'id'" },
        { """{"jsonrpc":"2.0","id":7,"method":"tools/call","params":"x"}""", -32602, "'params'" },
        { """{"jsonrpc":"2.0","id":7,"method":"tools/call"}""", -32602, "'params'" },
        { Call("""{"name":"ask_image","arguments":"x"}"""), -32602, "'arguments'" },
        { Call("""{"arguments":{}}"""), -32602, "'name'" },
        { Call("""{"name":7,"arguments":{}}"""), -32602, "'name' must be a string" },
        { Call("""{"name":"look","arguments":{}}"""), -32602, "look" },
        { Call("""{"name":"ask_image","name":"ask_image"}"""), -32602, "'name' appears twice" },
        { Call("""{"name":"ask_image","arguments":{"image":"image-1","question":"what \ud83d"}}"""), -32602, "'question'" },
        { Call("""{"name":"ask_image","arguments":{"image":"image-1","question":"what \udc36\ud83d?"}}"""), -32602, "'question'" },
        { Call("""{"name":"ask_image","arguments":{"\ud83d":"a"}}"""), -32602, "A name" },
        { Call("""{"name":"ask_image","\ud83d":"a"}"""), -32602, "A name" },
        { """{"jsonrpc":"2.0","id":7,"method":"resources/read","params":{"uri":7}}""", -32602, "'uri' must be a string" },
        { """{"jsonrpc":"2.0","id":7,"method":"resources/read"}""", -32602, "'uri' is missing" },
        { """{"jsonrpc":"2.0","id":7,"method":"resources/read","params":{"uri":"blip://images/image-1"}}""", -32602, "no image" },
        { Request("initialize", """{"protocolVersion":7}"""), -32602, "'protocolVersion' must be a string" },
        { """{"jsonrpc":"2.0","id":7,"method":"initialize"}""", -32602, "'protocolVersion' is missing" },
        { Request("initialize", """{"protocolVersion":"2025-06-18","capabilities":[]}"""), -32602, "'capabilities' must be an object" },
        { Request("initialize", """{"protocolVersion":"2025-06-18","capabilities":{}}"""), -32602, "'clientInfo' is missing" },
        { Request("initialize", """{"protocolVersion":"2025-06-18","clientInfo":"me"}"""), -32602, "'clientInfo' must be an object" },
        { Request("initialize", """{"protocolVersion":"2025-06-18","clientInfo":{"name":7}}"""), -32602, "'clientInfo.name' must be" },
        { Request("tools/list", """{"cursor":7}"""), -32602, "'cursor' must be a string" },
        { Request("tools/list", """{"cursor":"page-2"}"""), -32602, "'cursor' is unknown" },
        { Request("resources/list", """{"cursor":"page-2"}"""), -32602, "'cursor' is unknown" },
        { Request("resources/templates/list", """{"cursor":"page-2"}"""), -32602, "'cursor' is unknown" },
        { Request("logging/setLevel", """{"level":3}"""), -32602, "'level' must be a string" },
        { Request("logging/setLevel", """{"level":"loud"}"""), -32602, "'level' must be one of debug, info" },
        { """{"jsonrpc":"2.0","id":7,"error":{"code":"x","message":"a"}}""", -32600, "not a valid JSON-RPC message" },
        { """{"jsonrpc":"2.0","id":7,"error":5}""", -32600, "not a valid JSON-RPC message" },
        { """{"jsonrpc":"2.0","id":7,"method":"brew"}""", -32601, "brew" },
    };

    [Theory]
    [MemberData(nameof(Unreadable))]
    public async Task Mistake_OfTheCaller_IsAnErrorThatNamesIt(string message, int code, string named)
    {
        (int status, JsonElement reply) = await SendAsync(message);
        JsonElement error = reply.GetProperty("error");
        Assert.Equal(code, error.GetProperty("code").GetInt32());
        Assert.Contains(named, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        // The id is given back wherever it can be read, and is that of a request.
        bool isKnown = message.Contains("\"id\":7,", StringComparison.Ordinal) && !message.EndsWith('x')
            && !message.Contains("\"error\"", StringComparison.Ordinal);
        Assert.Equal(isKnown, reply.TryGetProperty("id", out JsonElement id) && id.ValueKind == JsonValueKind.Number);
        Assert.Equal(isKnown ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest, status);
    }

    [Fact]
    public async Task Utf8_Broken_IsAParseError()
    {
        byte[] message = [.. Encoding.UTF8.GetBytes("""{"jsonrpc":"2.0","id":7,"method":"ping","a":" """), 0xff, .. "\"}"u8];
        Assert.Equal(-32700, (await SendAsync(message)).Reply.GetProperty("error").GetProperty("code").GetInt32());
    }

    [Theory]
    [InlineData("tools/call", """{"name":"NAME","arguments":{}}""")]
    [InlineData("NAME", "{}")]
    public async Task Text_OfTheCaller_IsShortAndPlainInReplyAndLog(string method, string parameters)
    {
        string marker = Guid.NewGuid().ToString("N");
        string name = $"{marker}\\u001b[2J\\u001b[31mfail\\nfake: log line\\r\\u2028" + new string('x', 1_000_000);
        string message = $$"""{"jsonrpc":"2.0","id":7,"method":"{{method}}","params":{{parameters}}}"""
            .Replace("NAME", name, StringComparison.Ordinal);
        (_, JsonElement reply) = await SendAsync(message);
        string said = reply.GetProperty("error").GetProperty("message").GetString()!;
        Assert.InRange(said.Length, 20, 300);
        Assert.DoesNotContain(said, c => char.IsControl(c) || c == '\u2028');
        (string category, string logged) =
            Assert.Single(Service.Warnings.Entries, e => e.Message.Contains(marker, StringComparison.Ordinal));
        Assert.Equal("Blip.Mcp", category);
        Assert.InRange(logged.Length, 20, 500);
        Assert.DoesNotContain(logged, c => char.IsControl(c) || c == '\u2028');
    }

    [Theory]
    [InlineData("ask_image", """{"image":"image-1"}""", "'question' is missing")]
    [InlineData("ask_image", """{"image":null,"question":"a"}""", "'image' is missing")]
    [InlineData("ask_image", """{"picture":"a","question":"a"}""", "no argument 'picture'; the arguments are image, question")]
    [InlineData("ask_image", """{"image":"a","question":7}""", "'question' must be a string, and is a number")]
    [InlineData("ask_image", """{"image":{"type":"audio","data":"a"},"question":"a"}""", "'image' must be a string, and is an object")]
    [InlineData("ask_image", """{"image":{"type":"image"},"question":"a"}""", "'image' is an image whose 'data' is missing")]
    [InlineData("ask_images", """{"images":["a",{"type":"image","data":7}],"question":"a"}""", "'images[1]' is an image whose 'data'")]
    [InlineData("ask_images", """{"images":[{"type":"image","data":"a"},7],"question":"a"}""", "'images[1]' must be a string")]
    [InlineData("ask_image_many", """{"image":"a","questions":"a"}""", "'questions' must be a list of 1 to 16 strings, and is a string")]
    [InlineData("ask_image_many", """{"image":"a","questions":["a",null]}""", "'questions[1]' must be a string, and is null")]
    [InlineData("ask_image_many", """{"image":"a","questions":[]}""", "No questions")]
    [InlineData("ask_images", """{"images":[],"question":"a"}""", "No images")]
    [InlineData("list_images", """{"all":true}""", "no argument 'all'")]
    public async Task Arguments_Unfit_AreAToolErrorThatNamesThem(string tool, string arguments, string named)
    {
        JsonElement result = await CallAsync(tool, arguments);
        Assert.True(result.GetProperty("isError").GetBoolean());
        JsonElement error = Read(result).GetProperty("error");
        Assert.Equal("invalid_request", error.GetProperty("code").GetString());
        Assert.Contains(named, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.False(result.TryGetProperty("structuredContent", out _));
    }

    [Fact]
    public async Task Image_AsContent_IsAnswered()
    {
        string image = $$"""{"type":"image","data":"{{Convert.ToBase64String(Service.Dogs)}}","mimeType":"image/jpeg"}""";
        JsonElement one = await CallAsync("ask_image", $$"""{"image":{{image}},"question":"{{Service.HowMany}}"}""");
        Assert.Equal("2", Read(one).GetProperty("answer").GetString());
        JsonElement two = await CallAsync("ask_images", $$"""{"images":[{{image}},"{{DataUri}}"],"question":"{{Service.HowMany}}"}""");
        Assert.Equal(["2", "2"], Read(two).GetProperty("answers").EnumerateArray()
            .Select(answer => answer.GetProperty("answer").GetString()));
    }

    [Fact]
    public async Task Initialize_SaysWhatItIsAndHowAnImageIsGiven()
    {
        JsonElement result = (await SendAsync("""
            {"jsonrpc":"2.0","id":7,"method":"initialize",
            "params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}
            """)).Reply.GetProperty("result");
        JsonElement info = result.GetProperty("serverInfo");
        string version = XDocument.Load(Path.Combine(TestPaths.Root, "Directory.Build.props")).Descendants("Version").Single().Value;
        Assert.Equal(("blip", "Blip", version), (Text(info, "name"), Text(info, "title"), Text(info, "version")));
        string instructions = Text(result, "instructions");
        Assert.Contains("data URI", instructions, StringComparison.Ordinal);
        Assert.Contains("/api/images", instructions, StringComparison.Ordinal);
        // Neither works here.
        Assert.DoesNotContain("image-1", instructions, StringComparison.Ordinal);
        Assert.DoesNotContain("https", instructions, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tools_HaveLimits_AndNameWhatWorksHere()
    {
        JsonElement[] tools = [.. (await SendAsync("""{"jsonrpc":"2.0","id":7,"method":"tools/list"}""")).Reply
            .GetProperty("result").GetProperty("tools").EnumerateArray()];
        Assert.Equal(8, tools.Length);
        Assert.All(tools, tool => Assert.False(tool.GetProperty("inputSchema").GetProperty("additionalProperties").GetBoolean()));
        JsonElement many = Properties("ask_image_many");
        JsonElement questions = many.GetProperty("questions");
        Assert.Equal((1, 16), (questions.GetProperty("minItems").GetInt32(), questions.GetProperty("maxItems").GetInt32()));
        Assert.Equal(1, questions.GetProperty("items").GetProperty("minLength").GetInt32());
        string image = Text(many.GetProperty("image"), "description");
        Assert.Contains("data URI", image, StringComparison.Ordinal);
        Assert.Contains("sha256-", image, StringComparison.Ordinal);
        Assert.DoesNotContain("image-1", image, StringComparison.Ordinal);
        Assert.DoesNotContain("file", image, StringComparison.Ordinal);

        JsonElement Properties(string name) =>
            tools.Single(t => Text(t, "name") == name).GetProperty("inputSchema").GetProperty("properties");
    }

    [Theory]
    [InlineData("/etc/hostname", "file_not_allowed")]
    [InlineData("https://example.com/a.jpg", "host_not_allowed")]
    [InlineData("http://example.com/a.jpg", "address_not_allowed")]
    [InlineData("image-1", "image_not_found")]
    public async Task Hint_NamesOnlyWhatWorksHere(string image, string code)
    {
        JsonElement error = Read(await CallAsync("ask_image", $$"""{"image":"{{image}}","question":"a"}""")).GetProperty("error");
        Assert.Equal(code, Text(error, "code"));
        string hint = Text(error, "hint");
        Assert.DoesNotContain("list_images", hint, StringComparison.Ordinal);
        Assert.DoesNotContain("attach", hint, StringComparison.Ordinal);
        Assert.DoesNotContain("https", hint + Text(error, "message"), StringComparison.Ordinal);
        Assert.Contains("handle", hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resource_OfAHandle_IsTheImage()
    {
        string handle = Text(await shared.Service.PostAsync("/api/images", Service.Image(Service.Dogs), 201), "handle");
        string read = $$$"""{"jsonrpc":"2.0","id":7,"method":"resources/read","params":{"uri":"blip://images/{{{handle}}}"}}""";
        JsonElement result = (await SendAsync(read)).Reply.GetProperty("result");
        JsonElement content = Assert.Single(result.GetProperty("contents").EnumerateArray());
        Assert.Equal("image/jpeg", Text(content, "mimeType"));
        Assert.Equal(Service.Dogs, content.GetProperty("blob").GetBytesFromBase64());
        JsonElement list = (await SendAsync("""{"jsonrpc":"2.0","id":7,"method":"resources/list"}""")).Reply.GetProperty("result");
        Assert.Equal(0, list.GetProperty("resources").GetArrayLength());
    }

    private static string Call(string parameters) => Request("tools/call", parameters);

    private static string Request(string method, string parameters) =>
        $$"""{"jsonrpc":"2.0","id":7,"method":"{{method}}","params":{{parameters}}}""";

    /// <summary>The result of a tool: one text.</summary>
    private static JsonElement Read(JsonElement result) =>
        JsonElement.Parse(Text(Assert.Single(result.GetProperty("content").EnumerateArray()), "text"));

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private async Task<JsonElement> CallAsync(string tool, string arguments) =>
        (await SendAsync(Call($$"""{"name":"{{tool}}","arguments":{{arguments}}}"""))).Reply.GetProperty("result");

    private Task<(int Status, JsonElement Reply)> SendAsync(string message) => SendAsync(Encoding.UTF8.GetBytes(message));

    private async Task<(int Status, JsonElement Reply)> SendAsync(byte[] message)
    {
        using ByteArrayContent body = new(message) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        using HttpRequestMessage request = new(HttpMethod.Post, "/mcp") { Content = body };
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        using HttpResponseMessage response = await shared.Service.Http.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        string json = text.StartsWith('{')
            ? text
            : text.Split('\n').Single(line => line.StartsWith("data: ", StringComparison.Ordinal))[6..];
        return ((int)response.StatusCode, JsonDocument.Parse(json).RootElement);
    }
}
