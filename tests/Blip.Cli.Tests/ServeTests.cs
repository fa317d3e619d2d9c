using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Blip.Hosting.Tests;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

/// <summary>Runs <c>blip serve</c> and <c>blip health</c> as processes.</summary>
[Trait("Category", "Long")]
public sealed class ServeTests
{
    [Fact]
    public async Task Serve_LongQuestionInTheQuery_IsRefusedWithItsReason()
    {
        await using Server server = await Server.StartAsync();
        using HttpClient http = new() { BaseAddress = server.Address };
        using ByteArrayContent image = new(await File.ReadAllBytesAsync(TestPaths.Sample("dogs.jpg")));
        image.Headers.ContentType = new MediaTypeHeaderValue("image/jpeg");
        string question = string.Concat(Enumerable.Repeat("why+", 4000));
        using HttpResponseMessage refused = await http.PostAsync(new Uri("/api/ask?question=" + question, UriKind.Relative), image);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        Assert.Contains("question_too_long", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_NamedModel_SaysNothingOfTheDemoModel()
    {
        await using Server unnamed = await Server.StartAsync();
        Assert.Contains("The demo model answers.", Assert.Single(unnamed.EarlierLines), StringComparison.Ordinal);
        await using Server named = await Server.StartAsync("--model", Path.Combine(TestPaths.Root, "models", "demo"));
        Assert.Empty(named.EarlierLines);
    }

    [Fact]
    public async Task Serve_Metrics_AreServedWhenAskedFor()
    {
        await using Server server = await Server.StartAsync("--metrics");
        using HttpClient http = new() { BaseAddress = server.Address };
        using ByteArrayContent image = new(await File.ReadAllBytesAsync(TestPaths.Sample("dogs.jpg")));
        image.Headers.ContentType = new MediaTypeHeaderValue("image/jpeg");
        using HttpResponseMessage answer = await http.PostAsync(new Uri("/api/ask?question=is+there+a+cat%3F", UriKind.Relative), image);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        string metrics = await http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        foreach (string name in (string[])
        [
            "gen_ai_server_request_duration_seconds_bucket", "blip_vision_duration_seconds_sum",
            "blip_batch_size", "blip_image_cache_requests",
        ])
            Assert.Contains(name, metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_Docs_ShowTheAddresses_WithoutAKeyAndWithoutOtherHosts()
    {
        string? chromium = Chromium.Find();
        Chromium.Require(chromium is not null);
        await using Server server = await Server.StartAsync("--docs", "--api-key", "secret");
        using HttpClient http = new() { BaseAddress = server.Address };
        using HttpResponseMessage page = await http.GetAsync(new Uri("/docs/", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        string policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.DoesNotContain("http", policy, StringComparison.Ordinal);
        using TempFolder profile = new();
        ProcessStartInfo start = new(chromium!, ["--headless", "--no-sandbox", "--disable-gpu", $"--user-data-dir={profile.Path}",
            "--virtual-time-budget=20000", "--dump-dom", new Uri(server.Address, "/docs/").AbsoluteUri])
        {
            RedirectStandardOutput = true,
        };
        using Process browser = Process.Start(start)!;
        string dom = await browser.StandardOutput.ReadToEndAsync();
        // Those further down are drawn when they come into view.
        foreach (string address in (string[])["/api/ask", "/api/images"])
            Assert.Contains(address, dom, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Blip__Modell", "demo", "Blip:Modell is not a setting of Blip.")]
    [InlineData("Blip__Threads", "-1", "Blip:Threads must be between 0 and 1024.")]
    public async Task Mcp_WrongSetting_EndsTheStart(string name, string value, string expected)
    {
        Dictionary<string, string> environment = new() { [name] = value };
        BlipProcess.Result result = await BlipProcess.RunAsync(null, ["mcp"], environment: environment);
        Assert.Equal((2, ""), (result.Code, result.Out));
        Assert.StartsWith("blip: " + expected, result.ErrorLines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_Sigterm_FinishesWhatIsInFlightAndExitsZero()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SIGTERM is sent with kill.");
        await using Server server = await Server.StartAsync();
        byte[] image = await File.ReadAllBytesAsync(TestPaths.Sample("dogs.jpg"));
        using TcpClient client = new();
        await client.ConnectAsync(server.Address.Host, server.Address.Port);
        NetworkStream stream = client.GetStream();
        string head = "POST /api/ask?question=how+many+dogs+are+in+the+image%3F HTTP/1.1\r\nHost: localhost\r\n"
            + $"Content-Type: image/jpeg\r\nContent-Length: {image.Length}\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        await stream.WriteAsync(image.AsMemory(0, 5000));
        await Task.Delay(300);
        using (Process kill = Process.Start("kill", ["-TERM", $"{server.Process.Id}"]))
            await kill.WaitForExitAsync();
        await Task.Delay(300);
        await stream.WriteAsync(image.AsMemory(5000));
        using StreamReader reader = new(stream);
        string answer = await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.StartsWith("HTTP/1.1 200 OK", answer, StringComparison.Ordinal);
        Assert.Contains("\"answer\":\"2\"", answer, StringComparison.Ordinal);
        await server.Process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, server.Process.ExitCode);
    }

    [Fact]
    public async Task Serve_WrongSettings_WritesOneLine()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        string url = $"http://{taken.LocalEndpoint}";
        foreach ((string[] arguments, string expected) in ((string[], string)[])
        [
            (["--urls", "http://0.0.0.0:0"], "no key is set"),
            (["--urls", "http://*:0"], "no key is set"),
            (["--urls", url], "address already in use"),
            (["--urls", "http://127.0.0.1:0", "--model", TestPaths.Golden("images")], "config.json"),
            (["--urls", "http://127.0.0.1:0", "--precision", "fp16"], "fp16"),
        ])
        {
            BlipProcess.Result result = await BlipProcess.RunAsync(["serve", .. arguments]);
            Assert.Equal(1, result.Code);
            Assert.Contains(expected, Assert.Single(result.ErrorLines), StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory]
    [InlineData("Blip__Threads", "-1", "Blip:Threads must be between 0 and 1024.")]
    [InlineData("Blip__Threads", "many", "Failed to convert configuration value 'many' at 'Blip:Threads'.")]
    [InlineData("Blip__Parallel", "65", "Blip:Parallel must be between 1 and 64.")]
    [InlineData("Blip__Device", "tpu", "Failed to convert configuration value 'tpu' at 'Blip:Device'.")]
    [InlineData("Blip__Device", "7", "Blip:Device is invalid.")]
    [InlineData("Blip__Model", "", "Blip:Model: The Model field is required.")]
    [InlineData(
        "Blip__Image__Limits__MaxPixels", "0", "Blip:Image:Limits:MaxPixels: MaxPixels ('0') must be greater than or equal to '1'.")]
    [InlineData("Blip__Hub__Retries", "101", "Blip:Hub:Retries ('101') must be less than or equal to '100'.")]
    [InlineData("Blip__Sources__MaxRedirects", "11", "Blip:Sources:MaxRedirects must be between 0 and 10.")]
    [InlineData("Blip__Sources__AllowedPorts__0", "http", "Failed to convert configuration value 'http' at 'Blip:Sources:AllowedPorts:0'.")]
    [InlineData(
        "Blip__Sources__AllowedHosts__0", "a b",
        "Blip:Sources:AllowedHosts: 'a b' is not a host: write example.com, *.example.com, an IP address, or *.")]
    [InlineData("Blip__Handles__Lifetime", "0", "Blip:Handles:Lifetime must be between 00:00:01 and 7.00:00:00.")]
    [InlineData("Blip__RequestTimeout", "soon", "Failed to convert configuration value 'soon' at 'Blip:RequestTimeout'.")]
    [InlineData("Blip__Decoder", "gimp", "Blip:Decoder is 'gimp'. Write skia or imagesharp.")]
    [InlineData("Blip__Metrics", "maybe", "Blip:Metrics is 'maybe'. Write true or false.")]
    [InlineData(
        "OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", "OTEL_EXPORTER_OTLP_ENDPOINT is not an address such as http://127.0.0.1:4317.")]
    [InlineData("Blip__SearchFolders", "photos", "Blip:SearchFolders: 'photos' is not the full path of an existing folder.")]
    [InlineData("Blip__Page", "maybe", "Failed to convert configuration value 'maybe' at 'Blip:Page'.")]
    [InlineData("Blip__Modle", "x", "Blip:Modle is not a setting of Blip. Check its spelling, or remove it.")]
    [InlineData("Blip__Image__MaxPixels", "1", "Blip:Image:MaxPixels is not a setting of Blip. Check its spelling, or remove it.")]
    [InlineData("Blip__Threads__0", "1", "Blip:Threads:0 is not a setting of Blip. Check its spelling, or remove it.")]
    [InlineData("Blip__Image__Alpha", "7", "Blip:Image:Alpha: The value must be one of White, Drop.")]
    [InlineData("Blip__ImageCacheBytes", "-1", "Blip:ImageCacheBytes must be between 0 and 1099511627776.")]
    [InlineData(
        "Logging__LogLevel__Default", "Loudly",
        "Logging:LogLevel:Default is 'Loudly'. Write one of Trace, Debug, Information, Warning, Error, Critical, None.")]
    [InlineData("URLS", "nonsense", "urls: 'nonsense' is not an address to listen on, such as http://127.0.0.1:5080.")]
    [InlineData(
        "URLS", "http://127.0.0.1:99999",
        "urls: 'http://127.0.0.1:99999' has an invalid host or port. Write an address such as http://127.0.0.1:5080.")]
    public async Task Serve_SettingOutOfRangeOrUnreadable_IsOneSentenceThatNamesIt(string name, string value, string expected)
    {
        string[] arguments = name == "URLS" ? ["serve"] : ["serve", "--urls", "http://127.0.0.1:0"];
        Dictionary<string, string> environment = new() { [name] = value };
        BlipProcess.Result result = await BlipProcess.RunAsync(null, arguments, environment: environment);
        Assert.Equal((2, "", $"blip: {expected}\n"), (result.Code, result.Out, result.Error));
    }

    /// <summary>The exporter would take another protocol without a word, and does not say which variable it cannot use.</summary>
    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "nonsense", "is nonsense, but must be grpc or http/protobuf")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "is http/json, but must be grpc or http/protobuf")]
    [InlineData("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "collector:4317", "is not an address such as http://127.0.0.1:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "nonsense", "is not a list of headers such as name=value,name=value")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "a name=value", "is not a list of headers such as name=value,name=value")]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "a=b,", "is not a list of headers such as name=value,name=value")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT", "0", "is 0, but must be a whole number above 0")]
    [InlineData("OTEL_METRIC_EXPORT_INTERVAL", "0", "is 0, but must be a whole number above 0")]
    [InlineData("OTEL_METRIC_EXPORT_TIMEOUT", "-5", "is -5, but must be a whole number above 0")]
    [InlineData("OTEL_BSP_SCHEDULE_DELAY", "soon", "is soon, but must be a whole number above 0")]
    [InlineData("OTEL_BLRP_MAX_QUEUE_SIZE", "100", "is 100, but a batch has 512: raise it")]
    public async Task Serve_WrongVariableOfTheCollector_IsOneSentence(string name, string value, string expected)
    {
        Dictionary<string, string> environment = new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:4317", [name] = value };
        BlipProcess.Result result = await BlipProcess.RunAsync(null, ["serve", "--urls", "http://127.0.0.1:0"], environment: environment);
        Assert.Equal((2, $"blip: {name} {expected}.\n"), (result.Code, result.Error));
    }

    /// <summary>A variable that has the section's name alone is none of Blip's.</summary>
    [Fact]
    public async Task Mcp_VariableNamedBlip_IsNoSetting()
    {
        Dictionary<string, string> environment = new() { ["BLIP"] = "/usr/bin/blip" };
        BlipProcess.Result result = await BlipProcess.RunAsync(null, ["mcp"], environment: environment);
        Assert.Equal((0, ""), (result.Code, result.Out));
    }

    [Fact]
    public async Task Serve_SettingsOfSeveralKindsAreWrong_NamesOne()
    {
        Dictionary<string, string> environment = new() { ["Blip__Threads"] = "-1", ["Blip__Handles__MaxImages"] = "0" };
        BlipProcess.Result result = await BlipProcess.RunAsync(null, ["serve", "--urls", "http://127.0.0.1:0"], environment: environment);
        Assert.Equal(2, result.Code);
        Assert.Matches("^blip: Blip:(Threads|Handles:MaxImages) must be between ", Assert.Single(result.ErrorLines));
    }

    [Theory]
    [InlineData("http://127.0.0.1:9", 1, "nothing answers")]
    [InlineData("nonsense", 2, "--url is nonsense, but must be an address")]
    public async Task Health_NoService_WritesOneLine(string url, int code, string expected)
    {
        BlipProcess.Result result = await BlipProcess.RunAsync("health", "--url", url);
        Assert.Equal(code, result.Code);
        Assert.Contains(expected, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }
}
