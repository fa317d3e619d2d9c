using Xunit;

namespace Blip.Hub.Tests;

public sealed class HubResumeTests : HubTest
{
    private const string Weights = "model.safetensors";

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(300_000)]
    [InlineData(561_167)]
    public async Task Download_Cut_GoesOnWhereItStopped(int at)
    {
        await using HubServer server = await HubServer.StartAsync();
        int left = 1;
        server.Fault = (request, _) =>
        {
            if (request.Storage && Interlocked.Decrement(ref left) >= 0)
                request.CutAt = at;
            return Task.FromResult(false);
        };
        AssertExact(server, await DownloadAsync(server));
        HubRequest second = server.Requests.Last(request => request.Storage);
        Assert.Equal(server.Files[Weights].Length, (second.From ?? 0) + second.Sent);
    }

    [Fact]
    public async Task Download_PartialOfAnEarlierRun_IsGoneOnWith()
    {
        await using HubServer server = await HubServer.StartAsync();
        await PutAsync(server, ".incomplete", server.Files[Weights].AsMemory(0, 400_000));
        AssertExact(server, await DownloadAsync(server));
        Assert.Equal(400_000, Assert.Single(server.Requests, request => request.Storage).From);
        Assert.False(File.Exists(Blob(server.Files[Weights]) + ".incomplete"));
    }

    [Fact]
    public async Task Download_WholePartial_NeedsNoRequest()
    {
        await using HubServer server = await HubServer.StartAsync();
        await PutAsync(server, ".incomplete", server.Files[Weights]);
        AssertExact(server, await DownloadAsync(server));
        Assert.DoesNotContain(server.Requests, request => request.Storage);
    }

    [Fact]
    public async Task Download_PartialOfThePythonClient_TheLongestIsTakenOver()
    {
        await using HubServer server = await HubServer.StartAsync();
        await PutAsync(server, ".1a2b3c4d.incomplete", server.Files[Weights].AsMemory(0, 100_000));
        await PutAsync(server, ".5e6f7a8b.incomplete", server.Files[Weights].AsMemory(0, 500_000));
        await PutAsync(server, ".incomplete", server.Files[Weights].AsMemory(0, 50_000));
        AssertExact(server, await DownloadAsync(server));
        Assert.Equal(500_000, Assert.Single(server.Requests, request => request.Storage).From);
    }

    [Theory]
    [InlineData(".incomplete", 400_000)]
    [InlineData(".1a2b3c4d.incomplete", 400_000)]
    [InlineData(".incomplete", 561_168)]
    public async Task Download_PartialWithWrongBytes_IsFoundOutAndDiscarded(string suffix, int length)
    {
        await using HubServer server = await HubServer.StartAsync();
        byte[] wrong = server.Files[Weights][..length];
        wrong[7]++;
        await PutAsync(server, suffix, wrong);
        AssertExact(server, await DownloadAsync(server));
        Assert.Null(server.Requests.Last(request => request.Storage).From);
    }

    [Theory]
    [InlineData(".incomplete")]
    [InlineData(".1a2b3c4d.incomplete")]
    public async Task Download_PartialTooLong_StartsAgain(string suffix)
    {
        await using HubServer server = await HubServer.StartAsync();
        await PutAsync(server, suffix, new byte[server.Files[Weights].Length + 1]);
        AssertExact(server, await DownloadAsync(server));
        Assert.Null(Assert.Single(server.Requests, request => request.Storage).From);
    }

    [Fact]
    public async Task Download_PartialIsALink_IsNotWrittenThrough()
    {
        await using HubServer server = await HubServer.StartAsync();
        string outside = Path.Combine(Cache, "outside");
        await File.WriteAllTextAsync(outside, "mine", Cancellation);
        Directory.CreateDirectory(Path.Combine(Repository, "blobs"));
        File.CreateSymbolicLink(Blob(server.Files[Weights]) + ".incomplete", outside);
        AssertExact(server, await DownloadAsync(server));
        Assert.Equal("mine", await File.ReadAllTextAsync(outside, Cancellation));
    }

    [Fact]
    public async Task Download_RangeIgnored_StartsAgain()
    {
        await using HubServer server = await HubServer.StartAsync();
        await PutAsync(server, ".incomplete", server.Files[Weights].AsMemory(0, 400_000));
        server.Fault = (request, _) =>
        {
            request.IgnoreRange = true;
            return Task.FromResult(false);
        };
        AssertExact(server, await DownloadAsync(server));
        Assert.Equal(server.Files[Weights].Length, Assert.Single(server.Requests, request => request.Storage).Sent);
    }

    [Theory]
    [InlineData(206, "bytes 0-561167/561168")]
    [InlineData(206, "bytes 400000-561167/561169")]
    [InlineData(206, null)]
    [InlineData(416, null)]
    public async Task Download_RangeAnsweredWrongly_StartsAgain(int status, string? contentRange)
    {
        await using HubServer server = await HubServer.StartAsync();
        await PutAsync(server, ".incomplete", server.Files[Weights].AsMemory(0, 400_000));
        server.Fault = (request, context) =>
        {
            if (!request.Storage || request.From is null)
                return Task.FromResult(false);
            context.Response.StatusCode = status;
            context.Response.Headers.ContentRange = contentRange;
            return Task.FromResult(true);
        };
        AssertExact(server, await DownloadAsync(server));
        Assert.Null(server.Requests.Last(request => request.Storage).From);
    }

    [Fact]
    public async Task Download_ContentChangedSinceTheCut_StartsAgainUnderTheNewEtag()
    {
        await using HubServer server = await HubServer.StartAsync();
        await PutAsync(server, ".incomplete", server.Files[Weights].AsMemory(0, 400_000));
        server.Files[Weights] = [.. server.Files[Weights].Reverse()];
        AssertExact(server, await DownloadAsync(server));
        Assert.Null(Assert.Single(server.Requests, request => request.Storage).From);
    }

    [Fact]
    public async Task Download_BlobOfAnotherSize_IsFetchedAgain()
    {
        await using HubServer server = await HubServer.StartAsync();
        await PutAsync(server, "", server.Files[Weights].AsMemory(0, 400_000));
        AssertExact(server, await DownloadAsync(server));
    }

    [Fact]
    public async Task Download_BrokenLinkInTheSnapshot_IsMended()
    {
        await using HubServer server = await HubServer.StartAsync();
        await DownloadAsync(server);
        File.Delete(Blob(server.Files[Weights]));
        AssertExact(server, await DownloadAsync(server));
    }

    [Fact]
    public async Task Download_LockHeldElsewhere_WaitsForIt()
    {
        await using HubServer server = await HubServer.StartAsync();
        string path = Path.Combine(Cache, ".locks", "models--org--demo", HubServer.Etag(server.Files[Weights]) + ".lock");
        Directory.CreateDirectory(Path.GetDirectoryName(path) ?? path);
        Task<string> download;
        using (HubFileLock? held = HubFileLock.TryTake(path))
        {
            Assert.NotNull(held);
            Assert.Null(HubFileLock.TryTake(path));
            download = DownloadAsync(server);
            while (!File.Exists(Path.Combine(Snapshot, "vocab.txt")))
                await Task.Delay(10, Cancellation);
            await Task.Delay(100, Cancellation);
            Assert.False(download.IsCompleted);
            Assert.DoesNotContain(server.Requests, request => request.Storage);
        }
        AssertExact(server, await download);
    }

    private async Task PutAsync(HubServer server, string suffix, ReadOnlyMemory<byte> content)
    {
        Directory.CreateDirectory(Path.Combine(Repository, "blobs"));
        await File.WriteAllBytesAsync(Blob(server.Files[Weights]) + suffix, content, Cancellation);
    }
}
