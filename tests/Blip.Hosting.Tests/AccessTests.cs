using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Options;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>The access rules: keys, hosts and origins.</summary>
public sealed class AccessTests
{
    private const string Key = "correct horse battery staple";

    private static readonly string[] NeedKey = ["/api/ask", "/api/images", "/v1/chat/completions", "/v1/responses", "/v1/models", "/mcp"];

    private static readonly (string?, string?)[] WrongKeys =
    [
        (null, null), ("x-api-key", "wrong"), ("Authorization", "Bearer wrong"), ("Authorization", "Basic " + Key), ("x-api-key", ""),
    ];

    private static readonly (string, string)[] RightKeys =
        [("x-api-key", Key), ("Authorization", "Bearer " + Key), ("authorization", "bearer " + Key), ("api-key", Key)];

    [Fact]
    public async Task Key_Set_IsNeededEverywhereButForHealthAndThePage()
    {
        await using Service service = await Service.StartAsync(options => options.ApiKey = Key);
        foreach (string path in NeedKey)
        {
            foreach ((string? header, string? value) in WrongKeys)
                Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(service, path, header, value)).StatusCode);
            foreach ((string header, string value) in RightKeys)
                Assert.NotEqual(HttpStatusCode.Unauthorized, (await SendAsync(service, path, header, value)).StatusCode);
        }
        foreach (string path in (string[])["/health/live", "/health/ready", "/", "/page/page.js", "/page/dogs.jpg", "/openapi/v1.json"])
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(service, path, null, null)).StatusCode);
    }

    [Fact]
    public async Task Key_Missing_IsAProblemThatSaysHow()
    {
        await using Service service = await Service.StartAsync(options => options.ApiKey = Key);
        using HttpResponseMessage response = await service.Http.PostAsync(
            new Uri("/api/ask", UriKind.Relative), Service.Form(Service.Dogs, Service.HowMany));
        string detail = await Service.ReadProblemAsync(response, 401, "unauthorized");
        Assert.Contains("x-api-key", detail, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, detail, StringComparison.Ordinal);
        Assert.Equal("Bearer", Assert.Single(response.Headers.WwwAuthenticate).Scheme);
    }

    [Theory]
    [InlineData(null, "Host", "evil.example", true)]
    [InlineData(null, "Host", "127.0.0.1.evil.example", true)]
    [InlineData(null, "Host", "localhost:1234", false)]
    [InlineData(null, "Host", "[::1]:99", false)]
    [InlineData(null, "Origin", "https://evil.example", true)]
    [InlineData(null, "Origin", "null", true)]
    [InlineData(null, "Host", "127.0.0.2", false)]
    [InlineData(null, "Origin", "http://localhost:3000", true)]
    [InlineData("blip.internal", "Host", "blip.internal", false)]
    [InlineData("blip.internal", "Origin", "https://blip.internal:8443", true)]
    [InlineData("blip.internal", "Origin", "https://BLIP.internal", false)]
    [InlineData("blip.internal", "Origin", "https://evil.example", true)]
    [InlineData("*", "Host", "anything.example", false)]
    [InlineData("*", "Origin", "https://evil.example", false)]
    public async Task Foreign_HostOrOrigin_IsRefused(string? allowed, string header, string value, bool refused)
    {
        await using Service service = await Service.StartAsync(
            options => options.AllowedHosts = allowed is null ? [] : [allowed], warm: false);
        foreach (string path in (string[])[.. NeedKey, "/"])
            Assert.Equal(refused, (await SendAsync(service, path, header, value)).StatusCode == HttpStatusCode.Forbidden);
        // A health check uses the container's own address as host, so it works with every host.
        Assert.NotEqual(HttpStatusCode.Forbidden, (await SendAsync(service, "/health/live", header, value)).StatusCode);
    }

    [Fact]
    public async Task Origin_OwnPage_IsAllowed_WithItsPortOnly()
    {
        await using Service service = await Service.StartAsync(warm: false);
        int port = service.Address.Port;
        HttpResponseMessage own = await SendAsync(service, "/v1/models", "Origin", $"http://127.0.0.1:{port}");
        HttpResponseMessage other = await SendAsync(service, "/v1/models", "Origin", $"http://127.0.0.1:{port + 1}");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden), (own.StatusCode, other.StatusCode));
    }

    [Fact]
    public async Task Origin_InTheList_IsAllowed_AnotherIsToldWhichSetting()
    {
        await using Service service = await Service.StartAsync(
            options => options.AllowedOrigins = ["https://app.example.com:8443"], warm: false);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(service, "/v1/models", "Origin", "https://app.example.com:8443")).StatusCode);
        HttpResponseMessage response = await SendAsync(service, "/api/ask", "Origin", "https://app.example.com");
        string detail = await Service.ReadProblemAsync(response, 403, "host_not_allowed");
        Assert.Contains("Blip:AllowedOrigins", detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_Several_AreAllAccepted_WithoutTheWhiteSpaceOfFiles()
    {
        await using Service service = await Service.StartAsync(options =>
            (options.ApiKey, options.ApiKeys) = (Key + "\n", ["next"]), warm: false);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(service, "/v1/models", "x-api-key", Key)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(service, "/v1/models", "Authorization", "Bearer next")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(service, "/v1/models", "x-api-key", "last")).StatusCode);
    }

    [Theory]
    [InlineData(" \n")]
    [InlineData("ключ")]
    public async Task Key_ThatNoHeaderCanCarry_EndsTheStart(string key)
    {
        OptionsValidationException error = await Assert.ThrowsAsync<OptionsValidationException>(
            () => Service.StartAsync(options => options.ApiKey = key, warm: false));
        Assert.Contains("Blip:ApiKey", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ApiKeys", ";;")]
    [InlineData("ApiKeys", " ")]
    [InlineData("AllowedHosts", ";")]
    [InlineData("AllowedHosts", "a b")]
    [InlineData("AllowedHosts", "a.example;http://b.example")]
    public async Task List_ThatHoldsNothingOfItsKind_EndsTheStart(string setting, string value)
    {
        // A service that starts nevertheless is stopped.
        using CancellationTokenSource stop = new();
        OptionsValidationException error = await Assert.ThrowsAsync<OptionsValidationException>(() => BlipServer.RunAsync(
            ["--urls=http://127.0.0.1:0", $"--Blip:{setting}={value}"], (_, _) => stop.Cancel(), stop: stop.Token));
        Assert.Contains("Blip:" + setting, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RequestsPerMinute_RefusalHasTheHeadersForAnAllowedPage_AndPreflightsDoNotCount()
    {
        const string Page = "https://app.example.com";
        using CancellationTokenSource stop = new();
        TaskCompletionSource<string> ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task running = BlipServer.RunAsync(
            ["--urls=http://127.0.0.1:0", "--Blip:RequestsPerMinute=2", $"--Blip:AllowedOrigins={Page}"],
            (addresses, _) => ready.SetResult(addresses.Single()),
            stop: stop.Token);
        try
        {
            using HttpClient http = new() { BaseAddress = new Uri(await ready.Task.WaitAsync(TimeSpan.FromMinutes(2))) };
            List<HttpStatusCode> statuses = [];
            for (int i = 0; i < 3; i++)
            {
                using HttpRequestMessage preflight = new(HttpMethod.Options, "/v1/models");
                preflight.Headers.Add("Origin", Page);
                preflight.Headers.Add("Access-Control-Request-Method", "GET");
                using HttpResponseMessage allowed = await http.SendAsync(preflight);
                Assert.Equal(Page, Assert.Single(allowed.Headers.GetValues("Access-Control-Allow-Origin")));
                using HttpRequestMessage request = new(HttpMethod.Get, "/v1/models");
                request.Headers.Add("Origin", Page);
                using HttpResponseMessage response = await http.SendAsync(request);
                statuses.Add(response.StatusCode);
                Assert.Equal(Page, Assert.Single(response.Headers.GetValues("Access-Control-Allow-Origin")));
                Assert.Equal("Retry-After", Assert.Single(response.Headers.GetValues("Access-Control-Expose-Headers")));
            }
            Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests], statuses);
        }
        finally
        {
            await stop.CancelAsync();
            await running;
        }
    }

    [Theory]
    [InlineData("Host", "blip.example", false)]
    [InlineData("Origin", "https://evil.example", true)]
    public async Task Key_Set_AllowsAnyHostAndStillNoForeignPage(string header, string value, bool refused)
    {
        await using Service service = await Service.StartAsync(options => options.ApiKey = Key, warm: false);
        using HttpResponseMessage response = await SendAsync(service, "/v1/models", header, value, ("x-api-key", Key));
        Assert.Equal(refused, response.StatusCode == HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Mcp_RealClientWithTheKey_AsksByHandle()
    {
        await using Service service = await Service.StartAsync(options => options.ApiKey = Key);
        service.Http.DefaultRequestHeaders.Add("x-api-key", Key);
        string handle = (await service.PostAsync("/api/images", Service.Image(Service.Dogs), 201)).GetProperty("handle").GetString()!;
        await using McpClient client = await McpClient.CreateAsync(new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = new Uri(service.Address, "/mcp"),
            AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = "Bearer " + Key },
        }));
        string[] questions = [Service.HowMany, "what color is the tree?"];
        CallToolResult result = await client.CallToolAsync(
            "ask_image_many", new Dictionary<string, object?> { ["image"] = handle, ["questions"] = questions });
        JsonElement answers = JsonElement.Parse(((TextContentBlock)result.Content.Single()).Text).GetProperty("answers");
        Assert.Equal(["2", "green"], answers.EnumerateArray().Select(a => a.GetProperty("answer").GetString()));
    }

    private static async Task<HttpResponseMessage> SendAsync(
        Service service, string path, string? header, string? value, params (string Name, string Value)[] more)
    {
        bool isGet = path is "/" or "/v1/models" or "/openapi/v1.json"
            || path.StartsWith("/health", StringComparison.Ordinal)
            || path.StartsWith("/page", StringComparison.Ordinal);
        HttpRequestMessage request = new(isGet ? HttpMethod.Get : HttpMethod.Post, path);
        if (request.Method == HttpMethod.Post)
            request.Content = Service.Json("{}");
        foreach ((string name, string text) in more)
            request.Headers.TryAddWithoutValidation(name, text);
        if (header is not null)
            request.Headers.TryAddWithoutValidation(header, value);
        return await service.Http.SendAsync(request);
    }
}
