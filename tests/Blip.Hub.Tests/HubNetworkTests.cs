using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Blip.Hub.Tests;

/// <summary>What stands between a user and a hub: storage hosts, limits, certificates, proxies, tokens, silence.</summary>
public sealed class HubNetworkTests : HubTest
{
    [Theory]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(410)]
    public async Task Storage_RefusesOnce_ANewAddressIsAskedFor(int status)
    {
        await using HubServer server = await HubServer.StartAsync();
        int left = 1;
        server.Fault = (request, context) => Task.FromResult(
            request.Storage && Interlocked.Decrement(ref left) >= 0 && Refuse(context, status));
        AssertExact(server, await DownloadAsync(server));
        Assert.Equal(2, server.Requests.Count(request => request.Storage));
        Assert.Equal(2, server.Requests.Count(request => request is { Method: "GET", Name: "model.safetensors" }));
    }

    [Theory]
    [InlineData(403)]
    [InlineData(404)]
    public async Task Storage_RefusesAlways_IsNamed_AndTheModelIsNotDenied(int status)
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = (request, context) => Task.FromResult(request.Storage && Refuse(context, status));
        BlipException e = await Assert.ThrowsAsync<BlipException>(() => DownloadAsync(server));
        Assert.Equal(BlipErrorCode.DownloadFailed, e.Code);
        Assert.Contains($"{server.Storage.Authority}, the storage", e.Message, StringComparison.Ordinal);
        Assert.Contains("firewall", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("no model", e.Message, StringComparison.Ordinal);
        Assert.Equal(2, server.Requests.Count(request => request.Storage));
    }

    [Theory]
    [InlineData(429, null, 6)]
    [InlineData(429, "3600", 1)]
    [InlineData(500, null, 6)]
    [InlineData(503, null, 6)]
    public async Task Storage_KeepsFailing_IsNamed(int status, string? retryAfter, int attempts)
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = (request, context) =>
        {
            if (request.Storage && retryAfter is not null)
                context.Response.Headers.RetryAfter = retryAfter;
            return Task.FromResult(request.Storage && Refuse(context, status));
        };
        BlipException e = await Assert.ThrowsAsync<BlipException>(() => DownloadAsync(server));
        Assert.Equal(BlipErrorCode.DownloadFailed, e.Code);
        Assert.Contains($"from {server.Storage.Authority}, the storage that {server.Endpoint.Authority} keeps", e.Message,
            StringComparison.Ordinal);
        Assert.Contains(FormattableString.Invariant($"it answered {status}"), e.Message, StringComparison.Ordinal);
        Assert.Equal(attempts, server.Requests.Count(request => request.Storage));
    }

    /// <summary>What breaks while the storage sends is the storage's, too.</summary>
    [Fact]
    public async Task Storage_ConnectionKeepsBreaking_IsNamed()
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = (request, _) =>
        {
            if (request.Storage)
                request.CutAt = 10;
            return Task.FromResult(false);
        };
        BlipException e = await Assert.ThrowsAsync<BlipException>(() => DownloadAsync(server));
        Assert.Contains($"from {server.Storage.Authority}, the storage", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RateLimit_IsWaitedFor_WithALineThatSaysSo()
    {
        await using HubServer server = await HubServer.StartAsync();
        int calls = 0;
        server.Fault = (_, context) =>
        {
            if (Interlocked.Increment(ref calls) > 2)
                return Task.FromResult(false);
            context.Response.Headers["RateLimit"] = calls == 1 ? "\"resolvers\";r=0;t=24" : "\"resolvers\"; r=0; t=279";
            return Task.FromResult(Refuse(context, 429));
        };
        Log log = new();
        using HubClient client = new(Options(server), log);
        AssertExact(server, await client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
        Assert.Contains(TimeSpan.FromSeconds(25), Time.Timers);
        Assert.Contains(TimeSpan.FromSeconds(280), Time.Timers);
        Assert.Contains(log.Lines, line => line.Contains("429", StringComparison.Ordinal)
            && line.Contains("follows in 25 s", StringComparison.Ordinal));
    }

    [Fact]
    public async Task RateLimit_WithoutEnd_IsGivenUpAfterTenMinutes()
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = (_, context) =>
        {
            context.Response.Headers["RateLimit"] = "\"resolvers\";r=0;t=250";
            return Task.FromResult(Refuse(context, 429));
        };
        BlipException e = await Assert.ThrowsAsync<BlipException>(() => DownloadAsync(server));
        Assert.Contains("4 min 11 s", e.Message, StringComparison.Ordinal);
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task Certificate_NotTrusted_IsOneAttempt_AndABundleHelps()
    {
        using X509Certificate2 certificate = MakeCertificate();
        await using HubServer server = await HubServer.StartAsync(certificate: certificate);
        BlipException e = await Assert.ThrowsAsync<BlipException>(() => DownloadAsync(server));
        Assert.Contains("not trusted", e.Message, StringComparison.Ordinal);
        Assert.Contains("SSL_CERT_FILE", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Time.Timers, timer => timer != LongTimeout);

        string bundle = Path.Combine(Cache, "bundle.pem");
        await File.WriteAllTextAsync(bundle, certificate.ExportCertificatePem(), Cancellation);
        foreach (string variable in (string[])["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
        {
            using HubClient client = new(With(server, (variable, bundle)));
            AssertExact(server, await client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
        }
        BlipException bad = Assert.Throws<BlipException>(() => new HubClient(With(server, ("REQUESTS_CA_BUNDLE", bundle + "x"))));
        Assert.Contains("REQUESTS_CA_BUNDLE", bad.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoTls_IsSaid()
    {
        await using HubServer server = await HubServer.StartAsync();
        HubOptions options = new()
        {
            Endpoint = new UriBuilder(server.Endpoint) { Scheme = "https" }.Uri, CacheFolder = Cache, Token = "", TimeProvider = Time,
            Retries = 1, Environment = _ => null,
        };
        using HubClient client = new(options);
        BlipException e = await Assert.ThrowsAsync<BlipException>(
            () => client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
        Assert.DoesNotContain("not trusted", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ErrorMessage_OfTheHub_IsPassedOn_AsOneShortLine()
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = (_, context) =>
        {
            context.Response.Headers["X-Error-Message"] = "Access to this resource is disabled." + new string('x', 1000);
            return Task.FromResult(Refuse(context, 403));
        };
        BlipModelException e = await Assert.ThrowsAsync<BlipModelException>(() => DownloadAsync(server));
        Assert.Contains("The hub says: Access to this resource is disabled.", e.Message, StringComparison.Ordinal);
        Assert.InRange(e.Message.Length, 1, 500);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Token_Expired_IsSaid_AndKeptBackWhereTheUserAsks()
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = (request, context) =>
        {
            if (!request.Headers.ContainsKey("Authorization"))
                return Task.FromResult(false);
            context.Response.Headers["X-Error-Message"] = "Invalid credentials in Authorization header";
            return Task.FromResult(Refuse(context, 401));
        };
        using (HubClient client = new(With(server, ("HF_TOKEN", "hf_expired"))))
        {
            BlipModelException e = await Assert.ThrowsAsync<BlipModelException>(
                () => client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
            Assert.Contains("does not accept the token", e.Message, StringComparison.Ordinal);
            Assert.Contains("HF_HUB_DISABLE_IMPLICIT_TOKEN", e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("hf_expired", e.ToString(), StringComparison.Ordinal);
            Assert.Single(server.Requests);
        }
        using HubClient without = new(With(server, ("HF_TOKEN", "hf_expired"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")));
        AssertExact(server, await without.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));

        server.Fault = (_, context) =>
        {
            HubServer.Refuse(context.Response, 401, "GatedRepo");
            return Task.FromResult(true);
        };
        using HubClient gated = new(With(server, ("HF_TOKEN", "hf_good"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")));
        BlipModelException held = await Assert.ThrowsAsync<BlipModelException>(
            () => gated.DownloadAsync("org/demo@0123456789abcdef0123456789abcdef01234568", cancellationToken: Cancellation));
        Assert.Contains("was not sent", held.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silence_IsGivenUpWithinItsTime_WithALineForEachAttempt()
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = async (_, context) =>
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        HubOptions options = new()
        {
            Endpoint = server.Endpoint, CacheFolder = Cache, Token = "", IdleTimeout = TimeSpan.FromSeconds(0.5),
            MostLost = TimeSpan.FromSeconds(2), Retries = 100, Environment = _ => null,
        };
        Log log = new();
        using HubClient client = new(options, log);
        BlipException e = await Assert.ThrowsAsync<BlipException>(
            () => client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
        Assert.Contains("does not answer", e.Message, StringComparison.Ordinal);
        Assert.InRange(server.Requests.Count, 1, 4);
        Assert.Equal(server.Requests.Count - 1, log.Lines.Count);
    }

    [Fact]
    public async Task WebPage_InPlaceOfAFile_IsTriedTwice()
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = async (request, context) =>
        {
            if (!request.Storage)
                return false;
            context.Response.ContentType = "text/html";
            await context.Response.WriteAsync("<html>blocked</html>");
            return true;
        };
        await Assert.ThrowsAsync<BlipException>(() => DownloadAsync(server));
        Assert.Equal(2, server.Requests.Count(request => request.Storage));
    }

    private static bool Refuse(HttpContext context, int status)
    {
        HubServer.Refuse(context.Response, status);
        return true;
    }

    private HubOptions With(HubServer server, params (string Name, string Value)[] variables) => new()
    {
        Endpoint = server.Endpoint, CacheFolder = Cache, TimeProvider = Time, Random = new Random(1), IdleTimeout = LongTimeout,
        Environment = name => name == "HF_HOME" ? Cache : variables.FirstOrDefault(variable => variable.Name == name).Value,
    };

    private static X509Certificate2 MakeCertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    private sealed class Log : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        void ILogger.Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (Lines)
                Lines.Add(formatter(state, exception));
        }
    }
}
