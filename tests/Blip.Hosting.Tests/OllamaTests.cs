using System.Net;
using System.Text;
using System.Text.Json;
using Blip.Tests;
using Microsoft.Extensions.AI;
using OllamaSharp;
using OllamaSharp.Models;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>Ollama's shape: its official form, its own clients, and what Open WebUI's connection sends.</summary>
public sealed class OllamaTests(SharedService shared) : IClassFixture<SharedService>
{
    private static readonly string Dogs = Convert.ToBase64String(Service.Dogs);

    private static readonly string Small = TestPaths.Golden("images", "files", "size-1x1.png");

    private Service Service => shared.Service;

    [Fact]
    public async Task OllamaSharp_AsksAboutAnImage_ByChatAndByPrompt()
    {
        using OllamaApiClient client = new(Service.Address, "demo");
        Assert.True(await client.IsRunningAsync());
        Assert.Equal(new Version(0, 13, 0), new Version(await client.GetVersionAsync()));
        Assert.Equal("demo:latest", Assert.Single(await client.ListLocalModelsAsync()).Name);
        Assert.Equal("demo:latest", Assert.Single(await client.ListRunningModelsAsync()).Name);
        ShowModelResponse shown = await client.ShowModelAsync("demo:latest");
        Assert.Contains("vision", shown.Capabilities!);

        Chat chat = new(client);
        StringBuilder said = new();
        await foreach (string token in chat.SendAsync(Service.HowMany, [Dogs]))
            said.Append(token);
        Assert.Equal("2", said.ToString());
        said.Clear();
        // The image of an earlier message.
        await foreach (string token in chat.SendAsync("what color is the tree?"))
            said.Append(token);
        Assert.Equal("green", said.ToString());

        GenerateRequest generate = new() { Model = "blip:latest", Prompt = "is there a cat?", Images = [Dogs], Stream = false };
        GenerateResponseStream? last = null;
        await foreach (GenerateResponseStream? part in client.GenerateAsync(generate))
            last = part;
        GenerateDoneResponseStream done = Assert.IsType<GenerateDoneResponseStream>(last);
        Assert.Equal(("no", "stop"), (done.Response, done.DoneReason));
        Assert.True(done.TotalDuration > 0 && done.EvalCount > 0 && done.PromptEvalCount > 0 && done.EvalDuration > 0);
    }

    [Fact]
    public async Task OllamaSharp_AsAChatClient_Answers()
    {
        using OllamaApiClient client = new(Service.Address, "demo");
        ChatMessage message = new(
            Microsoft.Extensions.AI.ChatRole.User, [new TextContent(Service.HowMany), new DataContent(Service.Dogs, "image/jpeg")]);
        ChatResponse response = await ((IChatClient)client).GetResponseAsync([message]);
        Assert.Equal("2", response.Text);
        Assert.True(response.Usage!.OutputTokenCount > 0);
    }

    [Fact]
    public async Task OpenWebUi_ItsRequests_AreAnswered()
    {
        JsonElement model = (await GetAsync("/api/tags")).GetProperty("models")[0];
        Assert.Equal(64, model.GetProperty("digest").GetString()!.Length);
        Assert.Equal("blip", model.GetProperty("details").GetProperty("family").GetString());
        Assert.NotEmpty((await GetAsync("/api/version")).GetProperty("version").GetString()!);
        Assert.Single((await GetAsync("/api/ps")).GetProperty("models").EnumerateArray());
        // It names the model by its full name, and sends settings of its own.
        string body = $$"""
            {"model":"demo:latest","stream":true,"options":{"temperature":0.8,"num_predict":128},"keep_alive":"5m","think":false,"tools":[],
            "messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"{{Service.HowMany}}","images":["{{Dogs}}"]}]}
            """;
        using HttpResponseMessage response = await Service.Http.PostAsync(Relative("/api/chat"), Service.Json(body));
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        JsonElement[] lines = [.. (await response.Content.ReadAsStringAsync())
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal("2", string.Concat(lines.Select(line => line.GetProperty("message").GetProperty("content").GetString())));
        Assert.All(lines[..^1], line => Assert.False(line.GetProperty("done").GetBoolean()));
        JsonElement last = lines[^1];
        Assert.True(last.GetProperty("done").GetBoolean());
        Assert.Equal("stop", last.GetProperty("done_reason").GetString());
        Assert.Equal(2, last.GetProperty("eval_count").GetInt32());
        Assert.True(last.GetProperty("total_duration").GetInt64() > 100_000);
        Assert.All(lines, line => Assert.True(line.GetProperty("created_at").TryGetDateTimeOffset(out _)));
    }

    /// <summary>A body, and the text of its answer.</summary>
    public static TheoryData<string, string> Bodies => new()
    {
        { """{"messages":[{"role":"user","content":"QUESTION","images":["data:image/jpeg;base64,IMAGE"]}]}""", "2" },
        { """{"messages":[{"role":"user","content":"QUESTION"},{"role":"user","content":"","images":["IMAGE"]}]}""", "2" },
        { """{"messages":[{"role":"user","content":"QUESTION","images":["IMAGE","SMALL"]}]}""", "image 1: 2\nimage 2: 0" },
        { """{"messages":[]}""", "" },
        { """{"messages":[{"role":"user","content":"QUESTION","images":["IMAGE"]}],"format":{"type":"integer"}}""", "2" },
        {
            """
            {"messages":[{"role":"user","content":"QUESTION","images":["IMAGE"]}],
            "format":{"type":"object","properties":{"dogs":{"type":"integer"}},"required":["dogs"]}}
            """, """{"dogs":2}"""
        },
        { """{"messages":[{"role":"user","content":"QUESTION","images":["IMAGE"]}],"options":{"num_predict":1}}""", "2" },
        { """{"messages":[{"role":"user","content":"QUESTION","images":["IMAGE"]}],"options":{"num_predict":-1}}""", "2" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Chat_OtherForms_AreAnswered(string body, string expected)
    {
        body = body.Replace("{\"messages\"", "{\"model\":\"demo\",\"stream\":false,\"messages\"", StringComparison.Ordinal);
        JsonElement answer = await Service.PostAsync("/api/chat", Fill(body));
        Assert.Equal(expected, answer.GetProperty("message").GetProperty("content").GetString());
        Assert.True(answer.GetProperty("done").GetBoolean());
    }

    [Theory]
    [InlineData("""{"model":"demo","stream":false}""", "load")]
    [InlineData("""{"model":"demo","stream":false,"prompt":"","keep_alive":0}""", "unload")]
    [InlineData("""{"model":"demo","stream":false,"keep_alive":"0s","system":"Be brief.","template":"","raw":true}""", "unload")]
    [InlineData("""{"model":"demo","stream":false,"keep_alive":"-1h30.5m","options":{"stop":["a"],"temperature":0,"own":"x"}}""", "load")]
    public async Task Generate_WithoutAPrompt_LoadsAndUnloads(string body, string reason)
    {
        // Ollama's clients need not name a media type, and curl names a form's.
        using HttpContent content = new StringContent(body, Encoding.UTF8, "application/x-www-form-urlencoded");
        JsonElement answer = await Service.PostAsync("/api/generate", content);
        Assert.Equal(("", reason), (answer.GetProperty("response").GetString(), answer.GetProperty("done_reason").GetString()));
    }

    [Theory]
    [InlineData("POST", "/api/chat", """{"model":"llava","messages":[]}""", 404, "model 'llava' not found")]
    [InlineData("POST", "/api/chat", """{"messages":[]}""", 400, "model is required")]
    [InlineData("POST", "/api/chat", """{"model":5}""", 400, "'model' must be a string")]
    [InlineData("POST", "/api/chat", """{"model":"demo","messages":{}}""", 400, "'messages'")]
    [InlineData("POST", "/api/chat", """{"model":"demo","messages":[1]}""", 400, "message")]
    [InlineData("POST", "/api/chat", """{"model":"demo","messages":[{"content":"a"}]}""", 400, "'role'")]
    [InlineData("POST", "/api/chat", """{"model":"demo","messages":[{"role":"user","content":"a"}]}""", 400, "No image")]
    [InlineData("POST", "/api/chat", """{"model":"demo","messages":[{"role":"user","images":["IMAGE"]}]}""", 400, "no question")]
    [InlineData("POST", "/api/chat", """{"model":"demo","messages":[{"role":"user","content":"a","images":"IMAGE"}]}""", 400, "'images'")]
    [InlineData("POST", "/api/chat", """{"model":"demo","messages":[{"role":"user","content":"a","images":["*"]}]}""", 400, "base64")]
    [InlineData("POST", "/api/chat", """{"model":"demo","messages":[{"role":"user","content":"a","images":["aGFsbG8="]}]}""", 415, "")]
    [InlineData("POST", "/api/chat", """{"model":"demo","stream":"no"}""", 400, "'stream'")]
    [InlineData("POST", "/api/chat", """{"model":"demo","keep_alive":{}}""", 400, "'keep_alive'")]
    [InlineData("POST", "/api/chat", """{"model":"demo","tools":[{}]}""", 400, "tools")]
    [InlineData("POST", "/api/chat", """{"model":"demo","think":true}""", 400, "thinking")]
    [InlineData("POST", "/api/generate", """{"model":"demo","prompt":"a","images":["IMAGE"],"format":"json"}""", 400, "'format'")]
    [InlineData("POST", "/api/generate", """{"model":"demo","prompt":"a","images":["IMAGE"],"format":{"type":"array"}}""", 400, "schema")]
    [InlineData(
        "POST", "/api/generate",
        """{"model":"demo","prompt":"QUESTION","images":["IMAGE"],"format":{"type":"string","enum":["purple ☂","☂"]}}""", 422, "strings")]
    [InlineData("POST", "/api/generate", """{"model":"demo","prompt":"a","images":["IMAGE"],"options":5}""", 400, "'options'")]
    [InlineData("POST", "/api/generate", """{"model":"demo","prompt":"a","images":["aGFs"],"options":{"num_predict":""}}""", 400, "num_p")]
    [InlineData("POST", "/api/chat", """{"model":"demo","options":{"temperature":"hot"}}""", 400, "'options.temperature' must be a number")]
    [InlineData("POST", "/api/chat", """{"model":"demo","options":{"top_k":[1]}}""", 400, "'options.top_k'")]
    [InlineData("POST", "/api/generate", """{"model":"demo","options":{"stop":"a"}}""", 400, "'options.stop'")]
    [InlineData("POST", "/api/generate", """{"model":"demo","options":{"use_mmap":1}}""", 400, "'options.use_mmap'")]
    [InlineData("POST", "/api/chat", """{"model":"demo","keep_alive":"soon"}""", 400, "'keep_alive'")]
    [InlineData("POST", "/api/generate", """{"model":"demo","prompt":"a","images":["IMAGE"],"keep_alive":"5"}""", 400, "'keep_alive'")]
    [InlineData("POST", "/api/generate", """{"model":"demo","system":7}""", 400, "'system'")]
    [InlineData("POST", "/api/generate", """{"model":"demo","template":[]}""", 400, "'template'")]
    [InlineData("POST", "/api/generate", """{"model":"demo","raw":"yes"}""", 400, "'raw'")]
    [InlineData("POST", "/api/generate", """{"model":""", 400, "JSON")]
    [InlineData("POST", "/api/show", """{"model":"nope"}""", 404, "model 'nope' not found")]
    [InlineData("POST", "/api/pull", """{"model":"demo"}""", 404, "not supported")]
    [InlineData("DELETE", "/api/delete", """{"model":"demo"}""", 404, "not supported")]
    [InlineData("POST", "/api/blobs/sha256:00", "x", 404, "not supported")]
    [InlineData("POST", "/api/embed", """{"model":"demo"}""", 404, "not supported")]
    [InlineData("GET", "/api/chat", null, 405, "method")]
    [InlineData("POST", "/api/tags", "{}", 405, "method")]
    [InlineData("PUT", "/api/version", "{}", 405, "method")]
    public async Task Refusals_HaveOllamasForm(string method, string path, string? body, int status, string expected)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path) { Content = body is null ? null : Fill(body) };
        using HttpResponseMessage response = await Service.Http.SendAsync(request);
        JsonElement error = await Service.ReadAsync(response, status);
        JsonProperty member = Assert.Single(error.EnumerateObject());
        Assert.Equal("error", member.Name);
        Assert.Contains(expected, member.Value.GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_IsNeeded_AndItsRefusalHasOllamasForm()
    {
        await using Service service = await Service.StartAsync(options => options.ApiKey = "secret", warm: false);
        foreach (string path in (string[])["/api/tags", "/api/version", "/api/ps"])
        {
            using HttpResponseMessage refused = await service.Http.GetAsync(Relative(path));
            Assert.True((await Service.ReadAsync(refused, 401)).TryGetProperty("error", out _));
            using HttpRequestMessage request = new(HttpMethod.Get, path) { Headers = { { "Authorization", "Bearer secret" } } };
            using HttpResponseMessage allowed = await service.Http.SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
        }
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/api/tags")]
    [InlineData("/api/version")]
    public async Task Head_OfAClientThatLooksWhetherOllamaRuns_Is200(string path)
    {
        using HttpRequestMessage request = new(HttpMethod.Head, path);
        using HttpResponseMessage response = await Service.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task NameOfAModel_HoweverLong_IsNotRepeated()
    {
        string body = JsonSerializer.Serialize(new { model = new string('x', 100_000) });
        JsonElement error = await Service.PostAsync("/api/show", Service.Json(body), 404);
        Assert.InRange(error.GetProperty("error").GetString()!.Length, 1, 300);
    }

    private static HttpContent Fill(string body) => Service.Json(body
        .Replace("IMAGE", Dogs, StringComparison.Ordinal)
        .Replace("SMALL", Convert.ToBase64String(File.ReadAllBytes(Small)), StringComparison.Ordinal)
        .Replace("QUESTION", Service.HowMany, StringComparison.Ordinal));

    private static Uri Relative(string path) => new(path, UriKind.Relative);

    private async Task<JsonElement> GetAsync(string path)
    {
        using HttpResponseMessage response = await Service.Http.GetAsync(Relative(path));
        return await Service.ReadAsync(response);
    }
}
