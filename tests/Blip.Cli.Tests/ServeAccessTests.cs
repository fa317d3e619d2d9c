using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

/// <summary>However <c>blip serve</c> is told where to listen: without a key it serves this machine only.</summary>
[Trait("Category", "Long")]
public sealed partial class ServeAccessTests
{
    private const string Key = "correct-horse";

    /// <summary>Ways to be reached from other machines. A name with an equals sign is in the environment.</summary>
    public static TheoryData<string[]> Open { get; } = new((string[][])
    [
        ["--urls", "http://0.0.0.0:0"],
        ["--urls", "http://[::]:0"],
        ["--urls", "http://*:0"],
        ["--urls", "http://+:0"],
        ["--urls", "http://blip.example:0"],
        ["--urls", "HTTP://0.0.0.0:0"],
        ["--urls", "http://[0:0:0:0:0:0:0:0]:0"],
        ["--urls", "http://127.0.0.1:0;http://0.0.0.0:0"],
        ["--urls", "http://[::1]:0;http://127.0.0.1:0;http://*:0"],
        ["ASPNETCORE_URLS=http://0.0.0.0:0"],
        ["URLS=http://[::]:0"],
        ["DOTNET_URLS=http://0.0.0.0:0"],
        ["Kestrel__Endpoints__Http__Url=http://0.0.0.0:0"],
        ["ASPNETCORE_Kestrel__Endpoints__X__Url=http://0.0.0.0:0"],
        ["DOTNET_Kestrel__Endpoints__X__Url=http://+:0"],
        ["Kestrel__Endpoints__X__Url=http://blip.example:0"],
        ["Kestrel__Endpoints__X__Url=http://[::]:0", "--urls", "http://127.0.0.1:0"],
        ["ASPNETCORE_PREFERHOSTINGURLS=true", "Kestrel__Endpoints__X__Url=http://127.0.0.1:0", "--urls", "http://0.0.0.0:0"],
        ["Kestrel__Endpoints__X__Url=http://*:0", "Kestrel__Endpoints__Y__Url=http://127.0.0.1:0"],
    ]);

    /// <summary>Ways to be reached from this machine only, and what stays unused.</summary>
    public static TheoryData<string[]> Closed { get; } = new((string[][])
    [
        ["--urls", "http://127.0.0.1:0"],
        ["--urls", "http://127.0.0.2:0"],
        ["--urls", "http://127.0.0.2:0;http://[::1]:0"],
        ["--urls", "http://[::1]:0"],
        ["--urls", "http://[0:0:0:0:0:0:0:1]:0"],
        ["ASPNETCORE_URLS=http://0.0.0.0:0", "--urls", "http://127.0.0.1:0"],
        ["ASPNETCORE_PREFERHOSTINGURLS=true", "Kestrel__Endpoints__X__Url=http://0.0.0.0:0", "--urls", "http://127.0.0.1:0"],
        ["Kestrel__Endpoints__X__Url=http://127.0.0.3:0"],
        ["Kestrel__Endpoints__X__Url=http://127.0.0.3:0", "--urls", "http://0.0.0.0:0"],
        ["ASPNETCORE_HTTP_PORTS=0", "--urls", "http://127.0.0.1:0"],
        ["HTTP_PORTS=0", "ASPNETCORE_HTTPS_PORTS=0", "--urls", "http://127.0.0.1:0"],
    ]);

    [Theory]
    [MemberData(nameof(Open))]
    public async Task Serve_BeyondThisMachine_NeedsAKey(string[] way)
    {
        (string[] arguments, Dictionary<string, string> environment) = Split(way);
        BlipProcess.Result result = await BlipProcess.RunAsync(null, arguments, environment: environment);
        Assert.Equal((1, ""), (result.Code, result.Out));
        Assert.Matches("^blip: Other machines can reach http://.*, but no key is set", result.ErrorLines[^1]);

        environment["Blip__ApiKey"] = Key;
        using Process process = BlipProcess.Start(arguments, environment);
        await ReadyAsync(process);
    }

    [Theory]
    [MemberData(nameof(Closed))]
    public async Task Serve_OnThisMachine_AnswersWithoutAKey(string[] way)
    {
        (string[] arguments, Dictionary<string, string> environment) = Split(way);
        using Process process = BlipProcess.Start(arguments, environment);
        await ReadyAsync(process, async address =>
        {
            using HttpClient http = new();
            using HttpResponseMessage response = await http.GetAsync(new Uri(address, "/v1/models"));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        });
    }

    [Fact]
    public async Task Serve_RequestsPerMinute_AreCountedForEachKey_AndHealthIsFree()
    {
        Dictionary<string, string> environment = new()
        {
            ["Blip__RequestsPerMinute"] = "3", ["Blip__ApiKey"] = Key, ["Blip__ApiKeys"] = "second;third",
        };
        using Process process = BlipProcess.Start(["serve", "--urls", "http://127.0.0.1:0"], environment);
        await ReadyAsync(process, async address =>
        {
            using HttpClient http = new() { BaseAddress = address };
            for (int i = 0; i < 3; i++)
                Assert.Equal(HttpStatusCode.OK, (await GetAsync(http, "/v1/models", Key)).StatusCode);
            HttpResponseMessage refused = await GetAsync(http, "/v1/models", Key);
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
            Assert.Contains("\"rate_limited\"", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.OK, (await GetAsync(http, "/v1/models", "second")).StatusCode);
            for (int i = 0; i < 5; i++)
                Assert.Equal(HttpStatusCode.OK, (await GetAsync(http, "/health/live", null)).StatusCode);
        });

        static Task<HttpResponseMessage> GetAsync(HttpClient http, string path, string? key)
        {
            HttpRequestMessage request = new(HttpMethod.Get, path);
            if (key is not null)
                request.Headers.Add("x-api-key", key);
            return http.SendAsync(request);
        }
    }

    [Fact]
    public async Task Serve_AllowedOrigins_PreflightsAreAnswered()
    {
        Dictionary<string, string> environment = new() { ["Blip__AllowedOrigins"] = "https://app.example.com;http://localhost:3000" };
        using Process process = BlipProcess.Start(["serve", "--urls", "http://127.0.0.1:0"], environment);
        await ReadyAsync(process, async address =>
        {
            using HttpClient http = new() { BaseAddress = address };
            foreach ((string origin, bool allowed) in ((string, bool)[])[("http://localhost:3000", true), ("http://localhost:3001", false)])
            {
                using HttpRequestMessage preflight = new(HttpMethod.Options, "/api/ask");
                preflight.Headers.Add("Origin", origin);
                preflight.Headers.Add("Access-Control-Request-Method", "POST");
                preflight.Headers.Add("Access-Control-Request-Headers", "content-type,x-api-key");
                using HttpResponseMessage response = await http.SendAsync(preflight);
                Assert.Equal(allowed ? origin : null, AllowedOrigin(response));
                using HttpRequestMessage request = new(HttpMethod.Get, "/v1/models");
                request.Headers.Add("Origin", origin);
                using HttpResponseMessage answer = await http.SendAsync(request);
                Assert.Equal(allowed ? HttpStatusCode.OK : HttpStatusCode.Forbidden, answer.StatusCode);
            }
        });

        static string? AllowedOrigin(HttpResponseMessage response) =>
            response.Headers.TryGetValues("Access-Control-Allow-Origin", out IEnumerable<string>? values) ? values.Single() : null;
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public async Task Serve_BlankUrls_MeansTheDefaultAddress(string urls)
    {
        // The port of the default may be taken: either way its address is told.
        (string[] arguments, Dictionary<string, string> environment) = Split(["--urls", urls, "ASPNETCORE_HTTP_PORTS=0"]);
        using Process process = BlipProcess.Start(arguments, environment);
        try
        {
            string line = "";
            while (!line.Contains("5080", StringComparison.Ordinal))
            {
                line = await process.StandardError.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60))
                    ?? throw new InvalidOperationException("The server ended without naming its address.");
            }
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
    }

    private static (string[] Arguments, Dictionary<string, string> Environment) Split(string[] way)
    {
        string[][] variables = [.. way.Where(IsVariable).Select(word => word.Split('=', 2))];
        return (["serve", .. way.Where(word => !IsVariable(word))], variables.ToDictionary(pair => pair[0], pair => pair[1]));

        static bool IsVariable(string word) => word.Contains('=', StringComparison.Ordinal);
    }

    private static async Task ReadyAsync(Process process, Func<Uri, Task>? then = null)
    {
        try
        {
            string line = "";
            while (!line.StartsWith("ready at", StringComparison.Ordinal))
            {
                line = await process.StandardError.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60))
                    ?? throw new InvalidOperationException("The server ended.");
            }
            if (then is not null)
                await then(new Uri(AddressForm.Match(line).Value));
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
    }

    [GeneratedRegex(@"http://[^ ,]*\d")]
    private static partial Regex AddressForm { get; }
}
