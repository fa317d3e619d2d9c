using System.Net;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Blip.Hub.Tests;

/// <summary>Where requests and the token may go. The responses are made up, because a local test server cannot answer with https.</summary>
public sealed class HubTransportTests : HubTest
{
    private const string Secret = "hf_secret";

    [Theory]
    [InlineData("https://hub.test/renamed/model", true)]
    [InlineData("/renamed/model", true)]
    [InlineData("https://hub.test:444/x", false)]
    [InlineData("https://sub.hub.test/x", false)]
    [InlineData("https://elsewhere.test/x", false)]
    [InlineData("http://localhost/x", false)]
    public async Task Get_Redirected_TheTokenStaysAtTheEndpoint(string location, bool hasToken)
    {
        Handler handler = new(request => request.RequestUri?.AbsolutePath.Contains("/resolve/", StringComparison.Ordinal) == true
            ? Redirect(location)
            : new HttpResponseMessage(HttpStatusCode.OK));
        using (await GetAsync(handler))
            Assert.Equal([true, hasToken], handler.Requests.Select(request => request.Token == Secret));
    }

    [Fact]
    public async Task Get_RedirectedAwayAndBack_TheTokenIsNotSentAgain()
    {
        Handler handler = new(request => request.RequestUri?.AbsoluteUri switch
        {
            "https://elsewhere.test/x" => Redirect("https://hub.test/back"),
            "https://hub.test/back" => new HttpResponseMessage(HttpStatusCode.OK),
            _ => Redirect("https://elsewhere.test/x"),
        });
        using (await GetAsync(handler))
            Assert.Equal([Secret, null, null], handler.Requests.Select(request => request.Token));
    }

    [Theory]
    [InlineData("http://elsewhere.test/x")]
    [InlineData("http://hub.test/x")]
    [InlineData("ftp://elsewhere.test/x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("https://user:pass@elsewhere.test/x")]
    [InlineData(null)]
    public async Task Get_RedirectNotAllowed_IsRefusedUnvisited(string? location)
    {
        Handler handler = new(_ => Redirect(location));
        BlipException e = await Assert.ThrowsAsync<BlipException>(() => GetAsync(handler));
        Assert.Equal(BlipErrorCode.DownloadFailed, e.Code);
        Assert.Single(handler.Requests);
    }

    [Fact]
    public async Task Get_RedirectLoop_Ends()
    {
        Handler handler = new(_ => Redirect("/again"));
        await Assert.ThrowsAsync<BlipException>(() => GetAsync(handler));
        Assert.Equal(6, handler.Requests.Count);
    }

    [Fact]
    public async Task Download_EverythingFails_TheTokenIsInNoLogOrError()
    {
        Lines log = new();
        Func<HttpRequestMessage, HttpResponseMessage>[] answers =
        [
            _ => throw new HttpRequestException("connection refused"),
            _ => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable),
            _ => new HttpResponseMessage(HttpStatusCode.Unauthorized),
            _ => Redirect("http://evil.test/?signature=abcdef"),
            _ => new HttpResponseMessage(HttpStatusCode.OK),
        ];
        foreach (Func<HttpRequestMessage, HttpResponseMessage> answer in answers)
        {
            using Handler handler = new(answer);
            using HubClient client = new(Options(), log, handler);
            BlipException e = await Assert.ThrowsAnyAsync<BlipException>(
                () => client.DownloadAsync("org/demo", cancellationToken: Cancellation));
            Assert.DoesNotContain(Secret, e.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("abcdef", e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', e.Message);
        }
        Assert.NotEmpty(log.All);
        Assert.All(log.All, line => Assert.DoesNotContain(Secret, line, StringComparison.Ordinal));
    }

    private HubOptions Options() => new()
    {
        Endpoint = new Uri("https://hub.test"), Token = Secret, CacheFolder = Cache, TimeProvider = Time, Retries = 1,
        Environment = _ => null,
    };

    private async Task<HttpResponseMessage> GetAsync(Handler handler)
    {
        using HubTransport transport = new(HubSettings.From(Options()), new Lines(), handler);
        HubFile file = new("config.json", new string('a', 40), new string('b', 40), 3);
        return await transport.GetAsync(HubModelId.Parse("org/demo"), file, 0, Cancellation);
    }

    private static HttpResponseMessage Redirect(string? location) => new(HttpStatusCode.Found)
    {
        Headers = { Location = location is null ? null : new Uri(location, UriKind.RelativeOrAbsolute) },
    };

    private sealed class Handler(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        public List<(Uri? Address, string? Token)> Requests { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Add((request.RequestUri, request.Headers.Authorization?.Parameter));
            return Task.FromResult(answer(request));
        }
    }

    private sealed class Lines : ILogger<HubClient>
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (All)
                All.Add(formatter(state, exception) + exception);
        }
    }
}
