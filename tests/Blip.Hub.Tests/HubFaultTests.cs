using System.Globalization;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Blip.Hub.Tests;

public sealed class HubFaultTests : HubTest
{
    private const string Weights = "model.safetensors";

    [Theory]
    [InlineData(401, "RepoNotFound", "private")]
    [InlineData(404, "RepoNotFound", "private")]
    [InlineData(401, null, "private")]
    [InlineData(451, null, "legal")]
    [InlineData(403, null, "private")]
    [InlineData(401, "GatedRepo", "gated")]
    [InlineData(403, "GatedRepo", "gated")]
    [InlineData(404, "RevisionNotFound", "no branch, tag or commit 'main'")]
    [InlineData(404, "EntryNotFound", "no config.json")]
    public async Task Download_Refused_SaysWhatToDoAndIsNotRepeated(int status, string? code, string expected)
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = Always(context => HubServer.Refuse(context.Response, status, code));
        BlipModelException e = await Assert.ThrowsAsync<BlipModelException>(() => DownloadAsync(server));
        Assert.Equal(BlipErrorCode.ModelNotFound, e.Code);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        // Where a repository has no config.json, it may hold an adapter.
        Assert.Equal(code == HubErrors.EntryNotFound ? 2 : 1, server.Requests.Count);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Cache));
    }

    [Fact]
    public async Task Download_PrivateWithToken_Works()
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Token = "hf_secret";
        BlipModelException noToken = await RefusedAsync(token: "");
        Assert.Contains("give a token", noToken.Message, StringComparison.Ordinal);
        BlipModelException wrongToken = await RefusedAsync(token: "hf_wrong");
        Assert.Contains("that your token may read", wrongToken.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hf_wrong", wrongToken.ToString(), StringComparison.Ordinal);

        using HubClient client = new(Options(server, token: "hf_secret"));
        AssertExact(server, await client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
        Assert.All(
            server.Requests.Where(request => request.Storage),
            request => Assert.DoesNotContain("Authorization", request.Headers.Keys));

        async Task<BlipModelException> RefusedAsync(string token)
        {
            using HubClient refused = new(Options(server, token: token));
            return await Assert.ThrowsAsync<BlipModelException>(
                () => refused.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
        }
    }

    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task Download_PassingFailures_AreRepeated(int status)
    {
        await using HubServer server = await HubServer.StartAsync();
        int left = 5;
        server.Fault = (_, context) =>
        {
            if (Interlocked.Decrement(ref left) < 0)
                return Task.FromResult(false);
            HubServer.Refuse(context.Response, status);
            return Task.FromResult(true);
        };
        AssertExact(server, await DownloadAsync(server));
        Assert.True(left < 0);
    }

    [Fact]
    public async Task Download_EndpointKeepsFailing_GivesUpAfterTheRetries()
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = Always(context => HubServer.Refuse(context.Response, 503));
        BlipException e = await Assert.ThrowsAsync<BlipException>(() => DownloadAsync(server));
        Assert.Equal(BlipErrorCode.DownloadFailed, e.Code);
        Assert.Contains("503", e.Message, StringComparison.Ordinal);
        Assert.Contains("6 attempts", e.Message, StringComparison.Ordinal);
        Assert.Equal(6, server.Requests.Count);
    }

    [Fact]
    public async Task Download_EndpointDown_IsAnError()
    {
        Uri endpoint;
        await using (HubServer gone = await HubServer.StartAsync())
            endpoint = gone.Endpoint;
        using HubClient client = new(new HubOptions
        {
            Endpoint = endpoint, CacheFolder = Cache, Token = "", TimeProvider = Time, Environment = _ => null,
        });
        BlipException e = await Assert.ThrowsAsync<BlipException>(
            () => client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
        Assert.Equal(BlipErrorCode.DownloadFailed, e.Code);
        Assert.Contains("cannot be reached", e.Message, StringComparison.Ordinal);
        Assert.Contains("Check the network", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Download_RetryAfter_IsHonoured()
    {
        await using HubServer server = await HubServer.StartAsync();
        int calls = 0;
        server.Fault = (_, context) =>
        {
            if (Interlocked.Increment(ref calls) > 2)
                return Task.FromResult(false);
            context.Response.Headers.RetryAfter = calls == 1
                ? "17"
                : DateTimeOffset.UtcNow.AddSeconds(40).ToString("R", CultureInfo.InvariantCulture);
            HubServer.Refuse(context.Response, 429);
            return Task.FromResult(true);
        };
        AssertExact(server, await DownloadAsync(server));
        Assert.Contains(TimeSpan.FromSeconds(17), Time.Timers);
        Assert.Contains(Time.Timers, delay => delay > TimeSpan.FromSeconds(35) && delay <= TimeSpan.FromSeconds(40));
    }

    [Theory]
    [InlineData("3600", "1 h")]
    [InlineData("99999999999999", "596523 h")]
    public async Task Download_RetryAfterTooLong_SaysSoInsteadOfWaiting(string seconds, string shown)
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = Always(context =>
        {
            context.Response.Headers.RetryAfter = seconds;
            HubServer.Refuse(context.Response, 429);
        });
        BlipException e = await Assert.ThrowsAsync<BlipException>(() => DownloadAsync(server));
        Assert.Contains($"asks the client to wait {shown}", e.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Download_Retries_WaitLongerEachTimeWithinBounds()
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = Always(context => HubServer.Refuse(context.Response, 500));
        using HubClient client = new(Options(server, retries: 8));
        await Assert.ThrowsAsync<BlipException>(() => client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
        TimeSpan[] delays = [.. Time.Timers.Where(timer => timer != LongTimeout)];
        Assert.Equal(8, delays.Length);
        for (int i = 0; i < delays.Length; i++)
            Assert.InRange(delays[i], TimeSpan.Zero, TimeSpan.FromSeconds(Math.Min(16, 0.5 * Math.Pow(2, i)) + 0.001));
        Assert.True(delays[4..].Max() > delays[..3].Max());
    }

    [Fact]
    public async Task Download_WebPageInsteadOfAHub_IsNamed()
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = Always(WritePage);
        BlipException e = await Assert.ThrowsAsync<BlipException>(() => DownloadAsync(server));
        Assert.Equal(BlipErrorCode.DownloadFailed, e.Code);
        Assert.Contains("proxy", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData(Weights)]
    [InlineData("storage")]
    public async Task Download_WebPageInsteadOfAFile_IsNamedAndNeverShown(string name)
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = async (request, context) =>
        {
            if (request.Method != "GET" || (request.Storage ? "storage" : request.Name) != name)
                return false;
            context.Response.ContentType = "text/html";
            await context.Response.WriteAsync("<html>Please sign in</html>");
            return true;
        };
        BlipException e = await Assert.ThrowsAsync<BlipException>(() => DownloadAsync(server));
        Assert.Contains("web page", e.Message, StringComparison.Ordinal);
        Assert.Contains("(2 attempts)", e.Message, StringComparison.Ordinal);
        Assert.Equal(name == "storage", e.Message.Contains($"{server.Storage.Authority}, the storage", StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(Snapshot, name)));
        server.Fault = null;
        AssertExact(server, await DownloadAsync(server));
    }

    [Fact]
    public async Task Download_WrongBytesOnce_AreDiscardedAndFetchedAgain()
    {
        await using HubServer server = await HubServer.StartAsync();
        int left = 1;
        server.Fault = (request, _) =>
        {
            if (request.Storage && Interlocked.Decrement(ref left) >= 0)
                request.CorruptAt = 1234;
            return Task.FromResult(false);
        };
        AssertExact(server, await DownloadAsync(server));
        Assert.Equal(2, server.Requests.Count(request => request.Storage));
    }

    [Theory]
    [InlineData("vocab.txt", "git id")]
    [InlineData(Weights, "SHA-256")]
    public async Task Download_WrongBytesAlways_IsAnErrorAndNothingStays(string name, string hash)
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = (request, _) =>
        {
            if (request.Method == "GET" && (request.Name == name || (request.Storage && name == Weights)))
                request.CorruptAt = 77;
            return Task.FromResult(false);
        };
        BlipModelException e = await Assert.ThrowsAsync<BlipModelException>(() => DownloadAsync(server));
        Assert.Equal(BlipErrorCode.ModelInvalid, e.Code);
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
        Assert.Contains(hash, e.Message, StringComparison.Ordinal);
        Assert.Contains("discarded", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Snapshot, name)));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(Repository, "blobs"), HubServer.Etag(server.Files[name]) + "*"));
    }

    [Theory]
    [InlineData(-1000)]
    [InlineData(1000)]
    public async Task Download_WrongSizeStated_IsAnErrorAndNothingIsShown(int difference)
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = (request, context) =>
        {
            if (request.Method == "HEAD" && request.Name == Weights)
                context.Response.OnStarting(() =>
                {
                    int size = server.Files[Weights].Length + difference;
                    context.Response.Headers["X-Linked-Size"] = size.ToString(CultureInfo.InvariantCulture);
                    return Task.CompletedTask;
                });
            return Task.FromResult(false);
        };
        BlipException e = await Assert.ThrowsAsync<BlipException>(() => DownloadAsync(server));
        Assert.Equal(BlipErrorCode.DownloadFailed, e.Code);
        Assert.False(File.Exists(Path.Combine(Snapshot, Weights)));
        server.Fault = null;
        AssertExact(server, await DownloadAsync(server));
    }

    [Theory]
    [InlineData("X-Repo-Commit", null)]
    [InlineData("X-Repo-Commit", "../../../../etc")]
    [InlineData("X-Linked-Etag", "\"../../x\"")]
    [InlineData("X-Linked-Size", "-5")]
    [InlineData("X-Linked-Size", "9223372036854775807")]
    public async Task Download_MalformedDescription_IsAnErrorWithoutATrace(string header, string? value)
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = (_, context) =>
        {
            context.Response.OnStarting(() =>
            {
                context.Response.Headers[header] = value;
                return Task.CompletedTask;
            });
            return Task.FromResult(false);
        };
        BlipException e = await Assert.ThrowsAsync<BlipException>(() => DownloadAsync(server));
        Assert.Equal(BlipErrorCode.DownloadFailed, e.Code);
        Assert.Equal(0, server.Count("GET"));
    }

    [Fact]
    public async Task Download_ServerFallsSilent_IsGivenUpAndResumed()
    {
        await using HubServer server = await HubServer.StartAsync();
        int left = 1;
        server.Fault = (request, _) =>
        {
            if (request.Storage && Interlocked.Decrement(ref left) >= 0)
                request.AfterChunk = token => request.Sent < 200_000 ? Task.CompletedTask : Task.Delay(Timeout.Infinite, token);
            return Task.FromResult(false);
        };
        using HubClient client = new(Options(server, idleTimeout: ShortTimeout));
        AssertExact(server, await client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
        Assert.True(server.Requests.Last(request => request.Storage).From > 100_000);
    }

    [Fact]
    public async Task Download_SlowDrip_IsGivenUpThoughBytesKeepComing()
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = (request, _) =>
        {
            if (request.Storage)
                (request.ChunkBytes, request.AfterChunk) = (1, token => Task.Delay(10, token));
            return Task.FromResult(false);
        };
        using HubClient client = new(Options(server, retries: 1, idleTimeout: ShortTimeout));
        BlipException e = await Assert.ThrowsAsync<BlipException>(
            () => client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
        Assert.Equal(BlipErrorCode.DownloadFailed, e.Code);
        Assert.Contains("stopped sending", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Download_NoAnswer_IsGivenUp()
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = async (_, context) =>
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        using HubClient client = new(Options(server, retries: 1, idleTimeout: ShortTimeout));
        BlipException e = await Assert.ThrowsAsync<BlipException>(
            () => client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
        Assert.Contains("does not answer", e.Message, StringComparison.Ordinal);
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task Download_MirrorWithoutErrorCodes_TakesARepeated404AsAbsent()
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = (_, context) =>
        {
            context.Response.OnStarting(() =>
            {
                context.Response.Headers.Remove("X-Error-Code");
                return Task.CompletedTask;
            });
            return Task.FromResult(false);
        };
        AssertExact(server, await DownloadAsync(server));
        Assert.False(Directory.Exists(Path.Combine(Repository, ".no_exist")));
    }

    private static Func<HubRequest, HttpContext, Task<bool>> Always(Action<HttpContext> answer) => (_, context) =>
    {
        answer(context);
        return Task.FromResult(true);
    };

    private static void WritePage(HttpContext context) => context.Response.ContentType = "text/html";
}
