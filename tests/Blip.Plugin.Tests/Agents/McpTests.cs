using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Blip.AI;
using Blip.AI.Images;
using Blip.Hosting;
using Blip.ImageSharp;
using Blip.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;
using Xunit;

namespace Blip.Plugin.Tests.Agents;

/// <summary>The tools over MCP, with the client of the SDK: as a process and over HTTP.</summary>
public sealed class McpTests
{
    private const string HowMany = "how many dogs are in the picture?";

    private static readonly string Dogs = TestPaths.Sample("dogs.jpg");

    [Fact]
    public async Task Stdio_FileUnderARoot_IsAnsweredAsPathAndAsAddress()
    {
        await using McpClient client = await McpStdio.StartAsync(roots: [TestPaths.Sample("")]);
        string dataUri = "data:image/jpeg;base64," + Convert.ToBase64String(File.ReadAllBytes(Dogs));
        foreach (string image in (string[])[Dogs, new Uri(Dogs).AbsoluteUri, dataUri, "image-1"])
        {
            CallToolResult result = await AskAsync(client, image, HowMany);
            Assert.NotEqual(true, result.IsError);
            Assert.Equal("2", Text(result, "answer"));
            Assert.Equal(image.Contains("dogs.jpg", StringComparison.Ordinal) ? "dogs.jpg" : "image-1", Text(result, "image"));
        }
        JsonElement list = StackCalls.Json(await client.CallToolAsync("list_images"));
        Assert.Equal("image-1", list.GetProperty("images")[0].GetProperty("image").GetString());
    }

    [Fact]
    public async Task ListImages_DemoModel_SaysWhatItKnows()
    {
        await using McpClient demo = await McpStdio.StartAsync(roots: []);
        Assert.Contains("drawings only", Text(await demo.CallToolAsync("list_images"), "model_notice"), StringComparison.Ordinal);
        await using McpClient named = await McpStdio.StartAsync(roots: [], "--model", TestPaths.Golden("models", "base"));
        JsonElement list = StackCalls.Json(await named.CallToolAsync("list_images"));
        Assert.False(list.TryGetProperty("model_notice", out _));
    }

    [Fact]
    public async Task Stdio_AllowedFolder_IsReadWithoutRoots()
    {
        await using McpClient client = await McpStdio.StartAsync(roots: [], "--allow-folder", TestPaths.Sample(""));
        Assert.Equal("2", Text(await AskAsync(client, Dogs, HowMany), "answer"));
    }

    [Theory]
    [InlineData("/etc/hostname", ImageSourceErrorCode.FileNotAllowed)]
    [InlineData("https://example.com/x.jpg", ImageSourceErrorCode.HostNotAllowed)]
    [InlineData("image-1", ImageSourceErrorCode.ImageNotFound)]
    public async Task Stdio_NothingElse_IsAToolErrorWithTheCode(string image, string code)
    {
        await using McpClient client = await McpStdio.StartAsync(roots: [TestPaths.Golden("images")]);
        CallToolResult result = await AskAsync(client, image, "what is this?");
        Assert.True(result.IsError);
        Assert.Equal(code, Text(result, "error", "code"));
        // The client's own folder may be named, and no other.
        string said = StackCalls.Json(result).GetRawText().Replace(TestPaths.Golden("images"), "", StringComparison.Ordinal);
        Assert.DoesNotContain(TestPaths.Root, said, StringComparison.Ordinal);
        Assert.Equal(ImageSourceErrorCode.FileNotAllowed, Text(await AskAsync(client, Dogs, "what?"), "error", "code"));
    }

    [Theory]
    [InlineData("""{"image":"image-1"}""")]
    [InlineData("""{"image":{"a":[1]},"question":{"b":2}}""")]
    public async Task Stdio_ArgumentsDoNotFit_IsAToolErrorWithTheCode(string arguments)
    {
        await using McpClient client = await McpStdio.StartAsync(roots: []);
        Dictionary<string, object?> given = JsonSerializer.Deserialize<Dictionary<string, object?>>(arguments)!;
        CallToolResult result = await client.CallToolAsync("ask_image", given);
        Assert.True(result.IsError);
        Assert.Equal(BlipErrorCode.InvalidRequest, Text(result, "error", "code"));
    }

    [Fact]
    public async Task Stdio_RootsFail_OtherSourcesWork()
    {
        await using McpClient client = await McpStdio.StartAsync(roots: null, "--allow-folder", TestPaths.Sample(""));
        Assert.Equal("2", Text(await AskAsync(client, Dogs, HowMany), "answer"));
    }

    [Fact]
    public async Task Stdio_FirstCall_ReportsTheProgressOfTheLoad()
    {
        await using McpClient client = await McpStdio.StartAsync(roots: [TestPaths.Sample("")]);
        ConcurrentQueue<ProgressNotificationValue> reports = new();
        Collect collect = new(reports);
        CallToolResult result = await client.CallToolAsync("ask_image", Arguments(Dogs, "is there a cat?"), collect);
        Assert.NotEqual(true, result.IsError);
        // The client handles notifications beside the results, so they may come after them.
        await collect.First.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Contains(reports, r => r.Message?.Contains("demo", StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task Http_Stateless_HandlesAreContentHashes()
    {
        await using WebApplication app = await StartHttpAsync();
        string handle = app.Services.GetRequiredService<ImageStore>().Add(File.ReadAllBytes(Dogs)).Image.Handle;
        HttpClientTransportOptions endpoint = new() { Endpoint = new Uri(app.Urls.Single() + "/mcp") };
        await using McpClient client = await McpClient.CreateAsync(new HttpClientTransport(endpoint));
        Assert.Equal("2", Text(await AskAsync(client, handle, HowMany), "answer"));
        JsonElement list = StackCalls.Json(await client.CallToolAsync("list_images"));
        Assert.False(list.TryGetProperty("images", out _));
        Assert.NotEmpty(list.GetProperty("hint").GetString()!);
        CallToolResult refused = await AskAsync(client, Dogs, "what?");
        Assert.True(refused.IsError);
        Assert.DoesNotContain(TestPaths.Root, JsonSerializer.Serialize(refused), StringComparison.Ordinal);
    }

    /// <summary>The text stays what it is for a model that reads text alone; the image stands beside it.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AskImage_Explain_AddsAnImage_AndNoneOfItToTheText(bool http)
    {
        const string Question = "what color is the tree?";
        await using WebApplication? app = http ? await StartHttpAsync() : null;
        HttpClientTransportOptions? endpoint = app is null ? null : new() { Endpoint = new Uri(app.Urls.Single() + "/mcp") };
        await using McpClient client = endpoint is null
            ? await McpStdio.StartAsync(roots: [TestPaths.Sample("")])
            : await McpClient.CreateAsync(new HttpClientTransport(endpoint));
        string image = app is null ? Dogs : app.Services.GetRequiredService<ImageStore>().Add(File.ReadAllBytes(Dogs)).Image.Handle;
        CallToolResult result = await client.CallToolAsync(
            "ask_image", new Dictionary<string, object?>(Arguments(image, Question)) { ["explain"] = true });
        string text = Assert.IsType<TextContentBlock>(result.Content[0]).Text;
        JsonElement answer = JsonElement.Parse(text);
        Assert.Equal("green", answer.GetProperty("answer").GetString());
        Assert.DoesNotContain('\n', text);
        Assert.InRange(text.Length, 50, 220);

        await using BlipModel model = await BlipModel.LoadAsync();
        BlipImage seen = BlipImage.FromFile(Dogs);
        Evidence evidence = (await model.AskAsync(seen, Question, new AskOptions { Explain = true })).Evidence!;
        int hottest = evidence.Values.Index().MaxBy(cell => cell.Item).Index;
        JsonElement looked = answer.GetProperty("looked_at");
        Assert.Equal((hottest % evidence.Columns + 0.5) / evidence.Columns, looked.GetProperty("x").GetDouble(), 0.01);
        Assert.Equal((hottest / evidence.Columns + 0.5) / evidence.Rows, looked.GetProperty("y").GetDouble(), 0.01);
        using MemoryStream expected = new();
        evidence.WritePng(seen, expected, 480);
        Assert.Equal(2, result.Content.Count);
        ImageContentBlock drawn = Assert.IsType<ImageContentBlock>(result.Content[1]);
        Assert.Equal("image/png", drawn.MimeType);
        using Image<Rgb24> png = Image.Load<Rgb24>(drawn.DecodedData.ToArray()), same = Image.Load<Rgb24>(expected.ToArray());
        Assert.Equal((480, 360), (png.Width, png.Height));
        Assert.InRange(
            Enumerable.Range(0, 480 * 360).Average(i => Math.Abs(png[i % 480, i / 480].R - same[i % 480, i / 480].R)), 0, 0.5);

        Dictionary<string, object?> nulls = new(Arguments(image, Question)) { ["explain"] = null, ["min_confidence"] = null };
        CallToolResult plain = await client.CallToolAsync("ask_image", nulls);
        Assert.Equal("green", Text(plain, "answer"));
        Assert.False(StackCalls.Json(plain).TryGetProperty("looked_at", out _));
        CallToolResult wrong = await client.CallToolAsync(
            "ask_image", new Dictionary<string, object?>(Arguments(image, Question)) { ["explain"] = "yes" });
        Assert.Contains("'explain' must be true or false", Text(wrong, "error", "message"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host", "evil.example.com", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "https://evil.example.com", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "null", HttpStatusCode.Forbidden)]
    [InlineData("Host", "blip.example.com", HttpStatusCode.OK)]
    [InlineData("Origin", "http://localhost:3000", HttpStatusCode.Forbidden)]
    public async Task Http_ForeignHostOrOrigin_IsRefused(string header, string value, HttpStatusCode expected)
    {
        await using WebApplication app = await StartHttpAsync("blip.example.com");
        using HttpClient http = new();
        using HttpRequestMessage request = new(HttpMethod.Post, app.Urls.Single() + "/mcp");
        request.Content = new StringContent("""{"jsonrpc":"2.0","id":1,"method":"ping"}""", System.Text.Encoding.UTF8, "application/json");
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        request.Headers.TryAddWithoutValidation(header, value);
        using HttpResponseMessage response = await http.SendAsync(request);
        Assert.Equal(expected == HttpStatusCode.Forbidden, response.StatusCode == HttpStatusCode.Forbidden);
    }

    private static async Task<WebApplication> StartHttpAsync(params string[] hosts)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddBlip().AddBlipMcp(options => options.AllowedHosts = hosts);
        WebApplication app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapBlipMcp();
        await app.StartAsync();
        return app;
    }

    private static ValueTask<CallToolResult> AskAsync(McpClient client, string image, string question) =>
        client.CallToolAsync("ask_image", Arguments(image, question));

    private static Dictionary<string, object?> Arguments(string image, string question) =>
        new() { ["image"] = image, ["question"] = question };

    private static string? Text(CallToolResult result, params string[] path) =>
        path.Aggregate(StackCalls.Json(result), (element, name) => element.GetProperty(name)).GetString();

    private sealed class Collect(ConcurrentQueue<ProgressNotificationValue> reports) : IProgress<ProgressNotificationValue>
    {
        private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task First => _first.Task;

        public void Report(ProgressNotificationValue value)
        {
            reports.Enqueue(value);
            _first.TrySetResult();
        }
    }
}
