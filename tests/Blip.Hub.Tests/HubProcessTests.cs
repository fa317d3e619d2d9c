using System.Diagnostics;
using Blip.Tests;
using Xunit;

namespace Blip.Hub.Tests;

/// <summary>Downloads in separate processes: one is killed in the middle, or three download at the same time.</summary>
[Trait("Category", "Long")]
public sealed class HubProcessTests : HubTest
{
    private const int ChunkBytes = 8 * 1024;

    [Fact]
    public async Task Download_Killed_TheNextOneGoesOn()
    {
        await using HubServer server = await HubServer.StartAsync();
        byte[] weights = server.Files["model.safetensors"];
        int rounds = TestScale.Of(50);
        for (int round = 0; round < rounds; round++)
        {
            foreach (string path in Directory.EnumerateDirectories(Cache))
                Directory.Delete(path, recursive: true);
            // Not within the last chunk: after it the file is complete, and no part is left to download.
            int killAt = new Random(round).Next(1, weights.Length - ChunkBytes);
            TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
            server.Fault = (request, _) =>
            {
                if (request.Storage)
                {
                    request.ChunkBytes = ChunkBytes;
                    request.AfterChunk = token => request.Sent < killAt ? Task.CompletedTask : Hang(token);
                }
                return Task.FromResult(false);
                Task Hang(CancellationToken token)
                {
                    reached.TrySetResult();
                    return Task.Delay(Timeout.Infinite, token);
                }
            };
            using (Process first = Start(server))
            {
                await reached.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
                await KillInTheMiddleAsync(first, weights);
            }
            Assert.False(File.Exists(Path.Combine(Snapshot, "model.safetensors")));
            long partial = HubFileSystem.LengthOf(Blob(weights) + ".incomplete") ?? 0;
            Assert.InRange(partial, 1, weights.Length - 1);

            server.Fault = null;
            server.Requests.Clear();
            AssertExact(server, await FinishAsync(Start(server)));
            HubRequest rest = Assert.Single(server.Requests, request => request.Storage);
            Assert.Equal((partial, weights.Length - partial), (rest.From ?? 0, rest.Sent));
        }
    }

    [Fact]
    public async Task Download_OwnerKilled_AWaitingProcessTakesOver()
    {
        await using HubServer server = await HubServer.StartAsync();
        byte[] weights = server.Files["model.safetensors"];
        int storageRequests = 0;
        server.Fault = (request, _) =>
        {
            if (request.Storage && Interlocked.Increment(ref storageRequests) == 1)
                request.AfterChunk = token => request.Sent < 300_000 ? Task.CompletedTask : Task.Delay(Timeout.Infinite, token);
            return Task.FromResult(false);
        };
        using Process owner = Start(server);
        while (server.Requests.All(request => request.Sent < 300_000))
            await Task.Delay(10, Cancellation);
        Task<string> waiting = FinishAsync(Start(server));
        while (server.Requests.Count(request => request.Target.EndsWith("/main/config.json", StringComparison.Ordinal)) < 2)
            await Task.Delay(10, Cancellation);
        await Task.Delay(200, Cancellation);
        Assert.False(waiting.IsCompleted);
        await KillInTheMiddleAsync(owner, weights);
        AssertExact(server, await waiting);
        HubRequest rest = Assert.Single(server.Requests, request => request.Storage && request.From > 0);
        Assert.Equal(weights.Length, rest.From + rest.Sent);
    }

    [Fact]
    public async Task Download_SeveralProcesses_FetchEachByteOnce()
    {
        await using HubServer server = await HubServer.StartAsync();
        server.Fault = (request, _) =>
        {
            if (request.Method == "GET")
            {
                // Slow enough that all processes have started before the first one is ready.
                (request.ChunkBytes, request.AfterChunk) = (16 * 1024, token => Task.Delay(15, token));
            }
            return Task.FromResult(false);
        };
        string[] snapshots = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => FinishAsync(Start(server))));
        Assert.All(snapshots, snapshot => Assert.Equal(Snapshot, snapshot));
        AssertExact(server, Snapshot);
        Assert.Equal(3, server.Requests.Count(request => request.Target.EndsWith("/main/config.json", StringComparison.Ordinal)));
        foreach (string name in ExpectedFiles)
        {
            string cdn = HubServer.Sha256(server.Files[name]);
            IEnumerable<HubRequest> requests = server.Requests.Where(request => request.Name == name || request.Name == cdn);
            Assert.Equal(server.Files[name].Length, requests.Sum(request => request.Sent));
        }
    }

    private async Task KillInTheMiddleAsync(Process process, byte[] weights)
    {
        while (HubFileSystem.LengthOf(Blob(weights) + ".incomplete") is null or 0)
            await Task.Delay(5, Cancellation);
        process.Kill();   // SIGKILL
        await process.WaitForExitAsync(Cancellation);
    }

    private Process Start(HubServer server)
    {
        string[] arguments = [typeof(Program).Assembly.Location, "download", server.Endpoint.AbsoluteUri, Cache, HubServer.Id];
        ProcessStartInfo start = new("dotnet", arguments) { RedirectStandardOutput = true };
        return Process.Start(start) ?? throw new InvalidOperationException("The process did not start.");
    }

    private static async Task<string> FinishAsync(Process process)
    {
        using (process)
        {
            string output = await process.StandardOutput.ReadToEndAsync(Cancellation);
            await process.WaitForExitAsync(Cancellation);
            Assert.Equal(0, process.ExitCode);
            return output.Trim();
        }
    }
}
