using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net;
using System.Text;
using System.Text.Json;
using Blip.Functions.Host;
using Blip.Tests;
using ModelContextProtocol.Client;
using OpenAI;
using OpenAI.Chat;
using Xunit;

namespace Blip.Functions.Tests;

/// <summary>The app behind a host that wants a function key, as the platform does: the description says how, and clients can.</summary>
[Trait("Category", "Long")]
public sealed class KeyTests(PublishedApp app) : IAsyncLifetime
{
    private const string Key = "key+of/the=app";

    private FunctionsHost _host = null!;
    private HttpClient _http = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await app.StartAsync(("Blip__Page", "true"));
        _host.Key = Key;
        _http = new HttpClient { BaseAddress = _host.Address };
        await AppTests.ReadyAsync(_http);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Description_EveryOperation_IsOpenedByEachSchemeItNames()
    {
        using JsonDocument document = JsonDocument.Parse(await _http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative)));
        JsonElement root = document.RootElement, components = root.GetProperty("components");
        JsonElement schemes = components.GetProperty("securitySchemes");
        Assert.Equal(["functionKey", "functionCode"], schemes.EnumerateObject().Select(scheme => scheme.Name));
        Assert.False(components.GetProperty("responses").GetProperty("401").TryGetProperty("content", out _));
        int locked = 0;
        foreach (JsonProperty path in root.GetProperty("paths").EnumerateObject())
        foreach (JsonProperty operation in path.Value.EnumerateObject())
        {
            JsonElement security = operation.Value.TryGetProperty("security", out JsonElement own) ? own : root.GetProperty("security");
            string at = path.Name.Replace("{id}", "demo", StringComparison.Ordinal);
            Assert.Equal(security.GetArrayLength() > 0, await StatusAsync(operation.Name, at) == HttpStatusCode.Unauthorized);
            foreach (JsonElement way in security.EnumerateArray())
            {
                JsonElement scheme = schemes.GetProperty(Assert.Single(way.EnumerateObject()).Name);
                Assert.Equal("apiKey", scheme.GetProperty("type").GetString());
                string name = scheme.GetProperty("name").GetString()!;
                HttpStatusCode status = scheme.GetProperty("in").GetString() == "header"
                    ? await StatusAsync(operation.Name, at, header: name)
                    : await StatusAsync(operation.Name, $"{at}?{name}={Uri.EscapeDataString(Key)}");
                Assert.NotEqual(HttpStatusCode.Unauthorized, status);
                locked++;
            }
        }
        Assert.True(locked > 20, $"{locked}");
    }

    [Fact]
    public async Task OpenAiClient_WithTheHeaderOfTheDocs_Asks()
    {
        using HttpClient keyed = new();
        keyed.DefaultRequestHeaders.Add("x-functions-key", Key);
        using HttpClientPipelineTransport transport = new(keyed);
        OpenAIClientOptions options = new() { Endpoint = new Uri(_host.Address, "/v1"), Transport = transport };
        ChatClient client = new OpenAIClient(new ApiKeyCredential("none"), options).GetChatClient("blip");
        BinaryData dogs = BinaryData.FromBytes(await File.ReadAllBytesAsync(TestPaths.Sample("dogs.jpg")));
        ChatCompletion completion = await client.CompleteChatAsync([new UserChatMessage(
            ChatMessageContentPart.CreateTextPart("how many dogs are in the picture?"),
            ChatMessageContentPart.CreateImagePart(dogs, "image/jpeg"))]);
        Assert.Equal("2", completion.Content[0].Text);
    }

    [Fact]
    public async Task McpClient_WithTheHeaderOfTheDocs_ListsTheTools()
    {
        HttpClientTransportOptions options = new()
        {
            Endpoint = new Uri(_host.Address, "/mcp"),
            AdditionalHeaders = new Dictionary<string, string> { ["x-functions-key"] = Key },
        };
        await using McpClient client = await McpClient.CreateAsync(new HttpClientTransport(options));
        Assert.Equal(6, (await client.ListToolsAsync()).Count);
    }

    [Fact]
    public async Task Page_BySetting_IsAtTheRootWithItsFiles()
    {
        string page = await _http.GetStringAsync(new Uri("/", UriKind.Relative));
        Assert.Contains("src=\"page/page.js\"", page, StringComparison.Ordinal);
        string script = await _http.GetStringAsync(new Uri("/page/server.js", UriKind.Relative));
        Assert.Contains("x-functions-key", script, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await StatusAsync("post", "/"));
    }

    [Fact]
    public async Task ModelThatIsMissing_ThePageIsOff_HealthSaysWhy()
    {
        await using FunctionsHost host = await app.StartAsync(("Blip__Model", "/nonexistent/model"));
        using HttpClient http = new() { BaseAddress = host.Address };
        string reason = "";
        for (int attempt = 0; attempt < 50 && !reason.Contains("cannot be used", StringComparison.Ordinal); attempt++)
        {
            await Task.Delay(100);
            using HttpResponseMessage ready = await http.GetAsync(new Uri("/health/ready", UriKind.Relative));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
            reason = await ready.Content.ReadAsStringAsync();
        }
        Assert.Equal("Unhealthy: The vision model cannot be used. The service's operator finds the reason in the log.", reason);
        Assert.Equal("Healthy", await http.GetStringAsync(new Uri("/health/live", UriKind.Relative)));
        using HttpResponseMessage page = await http.GetAsync(new Uri("/", UriKind.Relative));
        Assert.Equal((HttpStatusCode.NotFound, "application/problem+json"), (page.StatusCode, page.Content.Headers.ContentType?.MediaType));
    }

    private async Task<HttpStatusCode> StatusAsync(string method, string path, string? header = null)
    {
        using HttpRequestMessage request = new(new HttpMethod(method.ToUpperInvariant()), path);
        if (method == "post")
            request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
        if (header is not null)
            request.Headers.Add(header, Key);
        using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return response.StatusCode;
    }
}
