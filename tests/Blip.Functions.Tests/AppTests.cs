using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Blip.Functions.Host;
using Blip.Hosting.Blobs;
using Blip.Tests;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Xunit;

namespace Blip.Functions.Tests;

/// <summary>The real worker of the published app, over HTTP.</summary>
[Trait("Category", "Long")]
public sealed partial class AppTests(PublishedApp app) : IAsyncLifetime
{
    private static readonly byte[] Dogs = File.ReadAllBytes(TestPaths.Sample("dogs.jpg"));

    private FunctionsHost _host = null!;
    private HttpClient _http = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await app.StartAsync();
        _http = new HttpClient { BaseAddress = _host.Address };
        await ReadyAsync(_http);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public void Functions_Declared_WithTheirRoutesAndKeys()
    {
        Assert.Equal(
        [
            "Alive alive Anonymous",
            "Ask api/ask Function",
            "Caption api/caption Function",
            "ChatCompletions v1/chat/completions Function",
            "Embeddings v1/embeddings Function",
            "Health health Anonymous",
            "HealthLive health/live Anonymous",
            "HealthReady health/ready Anonymous",
            "Image api/images/{handle} Function",
            "Match api/match Function",
            "Mcp mcp Function",
            "Model v1/models/{*id} Function",
            "Models v1/models Function",
            "OllamaChat api/chat Function",
            "OllamaGenerate api/generate Function",
            "OllamaRunning api/ps Function",
            "OllamaShow api/show Function",
            "OllamaTags api/tags Function",
            "OllamaVersion api/version Function",
            "OpenApi openapi/v1.json Anonymous",
            "Page {root:maxlength(0)?} Anonymous",
            "PageFile page/{file} Anonymous",
            "Responses v1/responses Function",
            "Score api/score Function",
            "Search api/search Function",
            "SendImage api/images Function",
        ], _host.Functions.Where(f => Text(f, "type") == "httpTrigger").Select(Describe).Order(StringComparer.Ordinal));
        DeclaredFunction blob = _host.Functions.Single(f => f.Name == "AnswerImage");
        Assert.Equal(
            ("blobTrigger", "%BlipImages%/{name}", "AzureWebJobsStorage", "EventGrid"),
            (Text(blob, "type"), Text(blob, "path"), Text(blob, "connection"), Text(blob, "source")));

        static string? Text(DeclaredFunction function, string name) => function.Trigger.GetProperty(name).GetString();

        static string Describe(DeclaredFunction function) =>
            $"{function.Name} {Text(function, "route")} {function.Trigger.GetProperty("authLevel")}";
    }

    [Fact]
    public async Task Request_WhoseCallNeverBegins_IsToldToComeAgain()
    {
        // Under too much load the call's own message comes later than the worker waits.
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(_host.Worker, "/v1/models"));
        request.Headers.Add("x-ms-invocation-id", $"{Guid.NewGuid()}");
        using HttpResponseMessage response = await _http.SendAsync(request);
        string body = await response.Content.ReadAsStringAsync();
        Assert.Equal((HttpStatusCode.TooManyRequests, true), (response.StatusCode, response.Headers.RetryAfter is not null));
        Assert.Contains("\"busy\"", body, StringComparison.Ordinal);
    }

    [Fact]
    public void Log_DemoModel_IsToldOnce() =>
        Assert.Single(_host.Logs, log => log.StartsWith("The demo model answers.", StringComparison.Ordinal));

    [Fact]
    public void Folder_HoldsOneNativeRuntimeAndNoSettings()
    {
        string[] paths = Directory.GetFiles(app.Folder, "*", SearchOption.AllDirectories);
        string[] files = [.. paths.Select(file => Path.GetRelativePath(app.Folder, file))];
        string runtime = Assert.Single(
            files, file => Path.GetFileName(file) is "libonnxruntime.so" or "onnxruntime.dll" or "libonnxruntime.dylib");
        Assert.Equal("libonnxruntime.so", runtime);
        Assert.Contains("host.json", files);
        Assert.Contains(files, file => file.StartsWith(".azurefunctions", StringComparison.Ordinal));
        Assert.DoesNotContain("local.settings.json", files);
        IEnumerable<string> withoutModels = files.Where(file => !file.StartsWith("models", StringComparison.Ordinal));
        Assert.InRange(withoutModels.Sum(file => new FileInfo(Path.Combine(app.Folder, file)).Length), 0, 80_000_000);
        using JsonDocument host = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(app.Folder, "host.json")));
        JsonElement http = host.RootElement.GetProperty("extensions").GetProperty("http");
        Assert.Equal("", http.GetProperty("routePrefix").GetString());
        // It is Blip that says when there are too many requests.
        Assert.Equal(
            (-1, -1), (http.GetProperty("maxConcurrentRequests").GetInt32(), http.GetProperty("maxOutstandingRequests").GetInt32()));
        // A try that waits ends by itself, with time left to answer.
        TimeSpan most = TimeSpan.Parse(host.RootElement.GetProperty("functionTimeout").GetString()!, CultureInfo.InvariantCulture);
        Assert.InRange(new BlobAnsweringOptions().TryTime * 5, TimeSpan.FromMinutes(15), most * 4);
    }

    [Fact]
    public async Task Http_EveryEndpoint_AnswersAsServeDoes()
    {
        // Named by its folder, as the app, which carries no other demo model, has it.
        await using ServeProcess serve = await ServeProcess.StartAsync(("Blip__Model", TestPaths.DemoModel));
        string handle = "sha256-" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Dogs));
        string chat = Chat(handle), streamed = Chat(handle, ",\"stream\":true,\"logprobs\":true");
        string respond = Respond(handle), streamedResponse = Respond(handle, ",\"stream\":true");
        (string Name, Func<HttpRequestMessage> Request)[] requests =
        [
            ("multipart", () => Post("/api/ask", Form("how many dogs are in the picture?"))),
            ("raw", () => Post("/api/ask?question=is+there+a+cat%3F", BlipImage(Dogs))),
            ("image", () => Post("/api/images", BlipImage(Dogs))),
            ("image again", () => Post("/api/images", BlipImage(Dogs))),
            ("handle", () => Post("/api/ask", Json($$"""{"image":"{{handle}}","question":"what color is the tree?"}"""))),
            ("chat", () => Post("/v1/chat/completions", Json(chat))),
            ("stream", () => Post("/v1/chat/completions", Json(streamed))),
            ("chat error", () => Post("/v1/chat/completions", Json("{}"))),
            ("response", () => Post("/v1/responses", Json(respond))),
            ("streamed response", () => Post("/v1/responses", Json(streamedResponse))),
            ("response error", () => Post("/v1/responses", Json("{}"))),
            ("model", () => new HttpRequestMessage(HttpMethod.Get, "/v1/models/demo")),
            ("other model", () => new HttpRequestMessage(HttpMethod.Get, "/v1/models/org/name")),
            ("models", () => new HttpRequestMessage(HttpMethod.Get, "/v1/models")),
            ("ollama tags", () => new HttpRequestMessage(HttpMethod.Get, "/api/tags")),
            ("ollama chat", () => Post("/api/chat", Json($$"""
                {"model":"demo","messages":[{"role":"user","content":"is there a cat?","images":["{{Convert.ToBase64String(Dogs)}}"]}]}
                """))),
            ("ollama error", () => Post("/api/generate", Json("""{"model":"llava"}"""))),
            ("live", () => new HttpRequestMessage(HttpMethod.Get, "/health/live")),
            ("ready", () => new HttpRequestMessage(HttpMethod.Get, "/health/ready")),
            ("no image", () => Post("/api/ask", Json("{\"question\":\"a\"}"))),
            ("wrong type", () => Post("/api/ask", new StringContent("a"))),
            ("cut", () => Post("/api/ask?question=a", BlipImage(Dogs[..9000]))),
            ("unknown handle", () => Post("/api/ask", Json($$"""{"image":"sha256-{{new string('0', 64)}}","question":"a"}"""))),
            ("foreign address", () => Post("/api/ask", Json("""{"image":"https://example.com/x","question":"a"}"""))),
            ("mcp", () => Post("/mcp", Json("""{"jsonrpc":"2.0","id":1,"method":"tools/list"}"""))),
            .. from path in (string[])
               ["/api/ask", "/api/images", "/v1/models", "/v1/responses", "/api/tags", "/mcp", "/health/ready", "/openapi/v1.json"]
               from method in (string[])["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"]
               select ($"{method} {path}", (Func<HttpRequestMessage>)(() => new HttpRequestMessage(new HttpMethod(method), path))),
        ];
        foreach ((string name, Func<HttpRequestMessage> request) in requests)
            Assert.Equal($"{name}: {await DescribeAsync(serve.Http, request())}", $"{name}: {await DescribeAsync(_http, request())}");
    }

    [Fact]
    public async Task Http_ThreeQuestions_AreAnsweredInOrder()
    {
        using HttpResponseMessage response = await _http.SendAsync(
            Post("/api/ask", Form("how many dogs are in the picture?", "", "is there a cat?")));
        JsonElement answers = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("answers");
        IEnumerable<string?> answersOrCodes = answers.EnumerateArray().Select(a => a.TryGetProperty("answer", out JsonElement answer)
            ? answer.GetString()
            : a.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(["2", "question_empty", "no"], answersOrCodes);
    }

    [Fact]
    public async Task Mcp_RealClient_AsksByHandle()
    {
        using HttpResponseMessage sent = await _http.SendAsync(Post("/api/images", BlipImage(Dogs)));
        string handle = JsonDocument.Parse(await sent.Content.ReadAsStringAsync()).RootElement.GetProperty("handle").GetString()!;
        await using McpClient client = await McpClient.CreateAsync(
            new HttpClientTransport(new HttpClientTransportOptions { Endpoint = new Uri(_host.Address, "/mcp") }));
        Assert.Equal(6, (await client.ListToolsAsync()).Count);
        CallToolResult result = await client.CallToolAsync(
            "ask_image", new Dictionary<string, object?> { ["image"] = handle, ["question"] = "how many dogs are in the picture?" });
        string json = ((TextContentBlock)result.Content.Single()).Text;
        Assert.Equal("2", JsonElement.Parse(json).GetProperty("answer").GetString());
    }

    [Fact]
    public async Task Http_WrongMethod_IsRefusedByBlip()
    {
        using HttpResponseMessage response = await _http.GetAsync(new Uri("/api/ask", UriKind.Relative));
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "POST"), (response.StatusCode, string.Join(',', response.Content.Headers.Allow)));
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Http_CallersDisconnect_TheWorkerStillAnswers()
    {
        await Task.WhenAll(Enumerable.Range(0, 40).Select(async i =>
        {
            using CancellationTokenSource disconnect = new(i);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => _http.SendAsync(Post("/api/ask", Form("how many dogs are in the picture?")), disconnect.Token));
        }));
        using HttpResponseMessage response = await _http.SendAsync(Post("/api/ask", Form("how many dogs are in the picture?")));
        Assert.Contains("\"answer\":\"2\"", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Empty(_host.FailedCalls);
    }

    [Fact]
    public async Task Terminate_RunningWorker_ExitsWithZero() => Assert.Equal(0, await _host.TerminateAsync());

    [Fact]
    public async Task Decoder_ImageSharp_Decodes()
    {
        await using FunctionsHost host = await app.StartAsync(("Blip__Decoder", "imagesharp"));
        using HttpClient http = new() { BaseAddress = host.Address };
        await ReadyAsync(http);
        using HttpResponseMessage answered = await http.SendAsync(Post("/api/ask", Form("how many dogs are in the picture?")));
        Assert.Contains("\"answer\":\"2\"", await answered.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        // Only Skia reads this file.
        byte[] animated = await File.ReadAllBytesAsync(TestPaths.Golden("images", "files", "animated.webp"));
        using HttpResponseMessage refused = await http.SendAsync(Post("/api/ask?question=a", BlipImage(animated)));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, refused.StatusCode);
    }

    internal static async Task ReadyAsync(HttpClient http)
    {
        for (int attempt = 0; attempt < 100; attempt++)
        {
            using HttpResponseMessage response = await http.GetAsync(new Uri("/health/ready", UriKind.Relative));
            if (response.IsSuccessStatusCode)
                return;
            await Task.Delay(100);
        }
        Assert.Fail("The app did not become ready.");
    }

    /// <summary>The status, the type and the body of the response, without what differs from call to call.</summary>
    private static async Task<string> DescribeAsync(HttpClient http, HttpRequestMessage request)
    {
        using HttpResponseMessage response = await http.SendAsync(request);
        string body = await response.Content.ReadAsStringAsync();
        string allow = string.Join(',', response.Content.Headers.Allow.Order(StringComparer.Ordinal));
        return $"{(int)response.StatusCode} {response.Content.Headers.ContentType} {allow} {Changing.Replace(body, "$1*")}";
    }

    private static HttpRequestMessage Post(string path, HttpContent content)
    {
        HttpRequestMessage request = new(HttpMethod.Post, path) { Content = content };
        request.Headers.Accept.ParseAdd("application/json, text/event-stream, */*");
        return request;
    }

    private static ByteArrayContent BlipImage(byte[] bytes) =>
        new(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("image/jpeg") } };

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static string Chat(string handle, string more = "") =>
        """
        {"messages":[{"role":"user","content":[
          {"type":"text","text":"what color is the tree?"},
          {"type":"image_url","image_url":{"url":"HANDLE"}}
        ]}]MORE}
        """.Replace("HANDLE", handle, StringComparison.Ordinal).Replace("MORE", more, StringComparison.Ordinal);

    private static string Respond(string handle, string more = "") =>
        """
        {"input":[{"role":"user","content":[
          {"type":"input_text","text":"what color is the tree?"},
          {"type":"input_image","image_url":"HANDLE"}
        ]}]MORE}
        """.Replace("HANDLE", handle, StringComparison.Ordinal).Replace("MORE", more, StringComparison.Ordinal);

    private static MultipartFormDataContent Form(params string[] questions)
    {
        MultipartFormDataContent form = new() { { BlipImage(Dogs), "image", "dogs.jpg" } };
        foreach (string question in questions)
            form.Add(new StringContent(question), "question");
        return form;
    }

    [GeneratedRegex(
        """("timing_ms":|"trace_id":|"(?:item_)?id":"(?:chatcmpl-|resp_|msg_)|"created":"""
        + """|"(?:created|modified|expires)_at":|"[a-z_]+_duration":)(\{[^}]*\}|"[^"]*"|[0-9a-f]+)""")]
    private static partial Regex Changing { get; }
}
