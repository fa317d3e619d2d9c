using System.Text;
using System.Text.Json;
using Blip.Tests;
using Xunit;

namespace Blip.Hub.Tests;

public sealed class HubClientTests : HubTest
{
    [Fact]
    public async Task Download_Empty_BringsTheFilesNeededAndNoOther()
    {
        await using HubServer server = await HubServer.StartAsync();
        string snapshot = await DownloadAsync(server);
        Assert.Equal(Snapshot, snapshot);
        AssertExact(server, snapshot);
        Assert.Equal(ExpectedFiles.Length, server.Requests.Count(request => request.Method == "GET" && !request.Storage));
        Assert.All(server.Requests.Where(request => request.Storage), request => Assert.Equal("GET", request.Method));
        Assert.Single(server.Requests, request => request.Storage);
    }

    [Fact]
    public async Task Download_Empty_LaysTheCacheOutAsThePythonClient()
    {
        await using HubServer server = await HubServer.StartAsync();
        await DownloadAsync(server);

        // The Python client downloaded all files, looked for one that does not exist, and keeps a list of the commit's files.
        string[] others = [.. server.Files.Keys.Except(ExpectedFiles)];
        string[] otherEtags = [.. others.Select(name => HubServer.Etag(server.Files[name]))];
        List<GoldenEntry> expected =
        [
            .. GoldenEntry.ReadTree().Where(entry => !others.Any(name => entry.Path.EndsWith("/" + name, StringComparison.Ordinal))
                && !otherEtags.Any(etag => entry.Path.Contains(etag, StringComparison.Ordinal))
                && !entry.Path.Contains("/trees", StringComparison.Ordinal)
                && !entry.Path.EndsWith("_missing.json", StringComparison.Ordinal)),
        ];
        GoldenEntry empty = expected.First(entry => entry.Size == 0);
        expected.AddRange(from name in (string[])["added_tokens.json", "processor_config.json", "special_tokens_map.json"]
                          select empty with { Path = $"models--org--demo/.no_exist/{HubServer.Commit}/{name}" });
        static IEnumerable<string> Lines(IEnumerable<GoldenEntry> tree) => tree.Where(entry => entry.Path != "CACHEDIR.TAG")
            .Select(entry => $"{entry.Path} {entry.Kind} {entry.To} {entry.Size} {entry.Sha256}").Order(StringComparer.Ordinal);
        Assert.Equal(Lines(expected), Lines(GoldenEntry.Read(Cache)));
        string tag = await File.ReadAllTextAsync(Path.Combine(Cache, "CACHEDIR.TAG"), Cancellation);
        Assert.StartsWith("Signature: 8a477f597d28d172789f06886806bc55\n", tag, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Download_Requests_AreThoseOfThePythonClient()
    {
        await using HubServer server = await HubServer.StartAsync();
        await DownloadAsync(server);
        byte[] recorded = await File.ReadAllBytesAsync(TestPaths.Golden("hub", "requests.json"), Cancellation);
        using JsonDocument golden = JsonDocument.Parse(recorded);
        string[] theirs =
        [
            .. golden.RootElement.EnumerateArray().Select(request => $"{request.GetProperty("method")} {request.GetProperty("path")}"),
        ];
        HubRequest first = server.Requests.First();
        Assert.Equal(("HEAD", "/org/demo/resolve/main/config.json"), (first.Method, first.Target));
        // The Python client uses the storage address from the HEAD's redirect. Blip asks for a new one: while a process waits for a
        // lock, the first address may expire.
        foreach (HubRequest request in server.Requests.Skip(1).Where(request => server.Files.ContainsKey(request.Name) || request.Storage))
            Assert.Contains($"{(request.Name == "model.safetensors" ? "HEAD" : request.Method)} {request.Target}", theirs);
        Assert.All(server.Requests, request => Assert.Equal("identity", request.Headers["Accept-Encoding"]));
        Assert.All(server.Requests, request => Assert.DoesNotContain("Authorization", request.Headers.Keys));
        Assert.Equal(server.Requests.Count, server.Requests.Select(request => (request.Method, request.Target)).Distinct().Count());
    }

    [Fact]
    public async Task Download_Again_AsksOnceAndFetchesNothing()
    {
        await using HubServer server = await HubServer.StartAsync();
        await DownloadAsync(server);
        server.Requests.Clear();
        Assert.Equal(Snapshot, await DownloadAsync(server));
        Assert.Equal("HEAD", Assert.Single(server.Requests).Method);
    }

    [Fact]
    public async Task Download_PythonCache_FetchesNothing()
    {
        await using HubServer server = await HubServer.StartAsync();
        MakePythonCache();
        Assert.Equal(Snapshot, await DownloadAsync(server));
        Assert.Equal("HEAD", Assert.Single(server.Requests).Method);
    }

    [Fact]
    public async Task Download_PythonCacheByCommitOrOffline_TouchesNoNetwork()
    {
        await using HubServer server = await HubServer.StartAsync();
        MakePythonCache();
        Assert.Equal(Snapshot, await DownloadAsync(server, $"{HubServer.Id}@{HubServer.Commit.ToUpperInvariant()}"));
        using HubClient client = new(Options(server, offline: true));
        Assert.Equal(Snapshot, await client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Download_PythonCacheWithoutWeights_FetchesTheWeightsOnly()
    {
        await using HubServer server = await HubServer.StartAsync();
        string weights = HubServer.Etag(server.Files["model.safetensors"]);
        MakePythonCache(entry => !entry.Path.EndsWith("/model.safetensors", StringComparison.Ordinal)
            && !entry.Path.Contains(weights, StringComparison.Ordinal));
        await DownloadAsync(server);
        Assert.Equal("model.safetensors", Assert.Single(server.Requests, request => request.Method == "GET" && !request.Storage).Name);
        byte[] downloaded = await File.ReadAllBytesAsync(Path.Combine(Snapshot, "model.safetensors"), Cancellation);
        Assert.Equal(server.Files["model.safetensors"], downloaded);
    }

    [Fact]
    public async Task Download_ReadOnlyCompleteCache_NeedsNoWriting()
    {
        await using HubServer server = await HubServer.StartAsync();
        MakePythonCache();
        Dictionary<string, DateTime> before = WriteTimes();
        await DownloadAsync(server);
        Assert.Equal(before, WriteTimes());

        Dictionary<string, DateTime> WriteTimes() => Directory.EnumerateFileSystemEntries(Cache, "*", SearchOption.AllDirectories)
            .ToDictionary(path => path, Directory.GetLastWriteTimeUtc);
    }

    [Fact]
    public async Task Download_OfflineAndNothingCached_SaysWhichFolder()
    {
        await using HubServer server = await HubServer.StartAsync();
        using HubClient client = new(Options(server, offline: true));
        BlipModelException e = await Assert.ThrowsAsync<BlipModelException>(
            () => client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
        Assert.Equal(BlipErrorCode.ModelNotFound, e.Code);
        Assert.Contains(Cache, e.Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Cache));
    }

    [Theory]
    [InlineData(503, null)]
    [InlineData(401, "RepoNotFound")]
    [InlineData(0, null)]
    public async Task Download_HubDownOrClosedButCached_UsesTheCacheAtOnce(int status, string? code)
    {
        await using HubServer server = await HubServer.StartAsync();
        await DownloadAsync(server);
        server.Requests.Clear();
        server.Fault = (_, context) =>
        {
            if (status == 0)
                context.Abort();
            HubServer.Refuse(context.Response, status == 0 ? 500 : status, code);
            return Task.FromResult(true);
        };
        Assert.Equal(Snapshot, await DownloadAsync(server));
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Download_NewCommit_FetchesOnlyWhatChangedAndMovesTheReference()
    {
        await using HubServer server = await HubServer.StartAsync();
        await DownloadAsync(server);
        string next = new('a', 40);
        server.Revisions["main"] = server.Revisions[next] = next;
        server.Files["config.json"] = [.. server.Files["config.json"], (byte)'\n'];
        server.Requests.Clear();
        string snapshot = await DownloadAsync(server);
        Assert.Equal(Path.Combine(Repository, "snapshots", next), snapshot);
        AssertExact(server, snapshot);
        Assert.Equal("config.json", Assert.Single(server.Requests, request => request.Method == "GET").Name);
        Assert.Equal(next, await File.ReadAllTextAsync(Path.Combine(Repository, "refs", "main"), Cancellation));
    }

    [Fact]
    public async Task Download_NewCommitFails_LeavesTheReferenceWhereItWas()
    {
        await using HubServer server = await HubServer.StartAsync();
        await DownloadAsync(server);
        string next = new('a', 40);
        server.Revisions["main"] = server.Revisions[next] = next;
        server.Files["config.json"] = [.. server.Files["config.json"], (byte)'\n'];
        server.Fault = (request, context) =>
        {
            if (request.Method == "GET")
                HubServer.Refuse(context.Response, 500);
            return Task.FromResult(request.Method == "GET");
        };
        Assert.Equal(BlipErrorCode.DownloadFailed, (await Assert.ThrowsAsync<BlipException>(() => DownloadAsync(server))).Code);
        using HubClient offline = new(Options(server, offline: true));
        Assert.Equal(Snapshot, await offline.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
    }

    [Fact]
    public async Task Download_NestedRevision_IsEscapedAndRemembered()
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Revisions["refs/pr/7"] = HubServer.Commit;
        AssertExact(server, await DownloadAsync(server, $"{HubServer.Id}@refs/pr/7"));
        Assert.Equal("/org/demo/resolve/refs%2Fpr%2F7/config.json", server.Requests.First().Target);
        Assert.Equal(HubServer.Commit, await File.ReadAllTextAsync(Path.Combine(Repository, "refs", "refs", "pr", "7"), Cancellation));
    }

    [Theory]
    [InlineData("form-sharded", "model.safetensors.index.json")]
    [InlineData("form-bin", "pytorch_model.bin")]
    [InlineData("form-bin-sharded", "pytorch_model.bin.index.json")]
    public async Task Download_OtherForms_BringsAllShards(string model, string weights)
    {
        await using HubServer server = await HubServer.StartAsync(model);
        string snapshot = await DownloadAsync(server);
        Assert.True(File.Exists(Path.Combine(snapshot, weights)));
        foreach (string name in server.Files.Keys.Except(["cases.json", "expected.safetensors"]))
            Assert.Equal(server.Files[name], await File.ReadAllBytesAsync(Path.Combine(snapshot, name), Cancellation));
        server.Requests.Clear();
        Assert.Equal(snapshot, await DownloadAsync(server, $"{HubServer.Id}@{HubServer.Commit}"));
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData("../../outside.safetensors")]
    [InlineData("a/b.safetensors")]
    [InlineData(@"c:\\x.safetensors")]
    [InlineData("nul.safetensors")]
    [InlineData("config.json")]
    [InlineData("lacking.safetensors")]
    public async Task Download_IndexNamesABadShard_IsAnError(string shard)
    {
        await using HubServer server = await HubServer.StartAsync();
        Assert.True(server.Files.TryRemove("model.safetensors", out _));
        server.Files["model.safetensors.index.json"] = Encoding.UTF8.GetBytes($$$"""{"weight_map":{"a":"{{{shard}}}"}}""");
        BlipModelException e = await Assert.ThrowsAsync<BlipModelException>(() => DownloadAsync(server));
        Assert.Equal(BlipErrorCode.ModelInvalid, e.Code);
        Assert.DoesNotContain(server.Requests, request => request.Target.Contains("outside", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("config.json")]
    public async Task Download_NotACheckpoint_SaysWhatIsMissing(string lacking)
    {
        await using HubServer server = await HubServer.StartAsync();
        Assert.True(server.Files.TryRemove(lacking, out _));
        BlipModelException e = await Assert.ThrowsAsync<BlipModelException>(() => DownloadAsync(server));
        Assert.Equal(BlipErrorCode.ModelNotFound, e.Code);
        Assert.Contains(lacking, e.Message, StringComparison.Ordinal);
        Assert.Equal(0, server.Count("GET"));
    }

    [Fact]
    public async Task Download_NoLinks_PutsFilesInTheSnapshot()
    {
        await using HubServer server = await HubServer.StartAsync();
        using HubClient client = new(Options(server, createLink: (_, _) => throw new IOException("A required privilege is not held.")));
        AssertExact(server, await client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
        Assert.All(Directory.EnumerateFiles(Snapshot), path => Assert.Null(new FileInfo(path).LinkTarget));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(Repository, "blobs")));
    }

    [Fact]
    public async Task Download_NoLinksButOldBlobs_CopiesThem()
    {
        await using HubServer server = await HubServer.StartAsync();
        await DownloadAsync(server);
        Directory.Delete(Snapshot, recursive: true);
        server.Requests.Clear();
        using HubClient client = new(Options(server, createLink: (_, _) => throw new UnauthorizedAccessException()));
        AssertExact(server, await client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
        Assert.Equal(ExpectedFiles.Length, Directory.EnumerateFiles(Path.Combine(Repository, "blobs")).Count());
        Assert.Equal(0, server.Count("GET"));
    }

    [Fact]
    public async Task Download_NotEnoughRoom_SaysSoBeforeFetching()
    {
        await using HubServer server = await HubServer.StartAsync();
        using HubClient client = new(Options(server, freeSpace: _ => 100_000));
        BlipException e = await Assert.ThrowsAsync<BlipException>(
            () => client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
        Assert.Equal(BlipErrorCode.DownloadFailed, e.Code);
        Assert.Matches(@"579,\d\d\d more bytes .* 100,000 free", e.Message);
        Assert.Equal(0, server.Count("GET"));
    }

    [Fact]
    public async Task Download_CacheIsAFile_IsAnError()
    {
        await using HubServer server = await HubServer.StartAsync();
        string file = Path.Combine(Cache, "file");
        await File.WriteAllTextAsync(file, "", Cancellation);
        HubOptions options = new() { Endpoint = server.Endpoint, CacheFolder = file, Token = "", Environment = _ => null };
        using HubClient client = new(options);
        BlipException e = await Assert.ThrowsAsync<BlipException>(
            () => client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation));
        Assert.Equal(BlipErrorCode.DownloadFailed, e.Code);
    }

    [Fact]
    public async Task Download_Cancelled_StopsAndKeepsWhatArrived()
    {
        await using HubServer server = await HubServer.StartAsync();
        using CancellationTokenSource stop = new();
        server.Fault = (request, _) =>
        {
            request.AfterChunk = request.Storage ? token => request.Sent >= 256 * 1024 ? Stop(token) : Task.CompletedTask : null;
            return Task.FromResult(false);
            async Task Stop(CancellationToken token)
            {
                while (PartialLength() == 0)
                    await Task.Delay(5, token);
                await stop.CancelAsync();
                await Task.Delay(Timeout.Infinite, token);
            }
        };
        using HubClient client = new(Options(server));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.DownloadAsync(HubServer.Id, cancellationToken: stop.Token));
        Assert.True(PartialLength() > 0);
        server.Fault = null;
        AssertExact(server, await DownloadAsync(server));

        long PartialLength() => HubFileSystem.LengthOf(Blob(server.Files["model.safetensors"]) + ".incomplete") ?? 0;
    }

    [Fact]
    public async Task Download_Progress_EndsWithEveryFileDone()
    {
        await using HubServer server = await HubServer.StartAsync();
        Collector progress = new();
        using HubClient client = new(Options(server));
        await client.DownloadAsync(HubServer.Id, progress, Cancellation);
        IEnumerable<string> done = progress.Reports.Where(report => report.FileDone).Select(report => report.File);
        Assert.Equal(ExpectedFiles, done.Order(StringComparer.Ordinal));
        HubProgress last = progress.Reports.MaxBy(report => report.Bytes) ?? progress.Reports[0];
        long total = ExpectedFiles.Sum(name => (long)server.Files[name].Length);
        Assert.Equal((total, total), (last.Bytes, last.Size));
        progress.Reports.Clear();
        await client.DownloadAsync(HubServer.Id, progress, Cancellation);
        Assert.Empty(progress.Reports);
    }

    [Fact]
    public async Task Download_ManyAtOnce_FetchEachByteOnce()
    {
        await using HubServer server = await HubServer.StartAsync();
        using HubClient client = new(Options(server));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => client.DownloadAsync(HubServer.Id, cancellationToken: Cancellation)));
        AssertExact(server, Snapshot);
        Assert.Equal(ExpectedFiles.Sum(name => (long)server.Files[name].Length), server.Requests.Sum(request => (long)request.Sent));
    }

    private sealed class Collector : IProgress<HubProgress>
    {
        public List<HubProgress> Reports { get; } = [];

        public void Report(HubProgress value)
        {
            lock (Reports)
                Reports.Add(value);
        }
    }
}
