using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace Blip.Tests;

/// <summary><c>blip warm</c>: what it keeps, and what it says where nothing can be kept.</summary>
[Trait("Category", "Long")]
public sealed class WarmTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Warm_NothingCanBeKept_FailsWithTheReason()
    {
        string file = Path.Combine(_folder.Path, "file");
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);
        BlipProcess.Result below = await WarmAsync(("BLIP_CACHE", Path.Combine(file, "below")));
        Assert.Equal((1, ""), (below.Code, below.Out));
        Assert.Contains("cannot be kept", below.ErrorLines[^1], StringComparison.Ordinal);
        BlipProcess.Result off = await WarmAsync(("BLIP_CACHE", ""));
        Assert.Equal((1, ""), (off.Code, off.Out));
        Assert.Contains("BLIP_CACHE is empty", off.ErrorLines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Warm_NoHome_SaysSo_AsAnyStartDoes()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The home is no variable there.");
        const string Why = "The int8 weights cannot be kept: there is no home folder. Set BLIP_CACHE to a folder.";
        // Below a file no folder can be made. The others are unset, not empty.
        string file = Path.Combine(_folder.Path, "file"), none = Path.Combine(file, "none");
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);
        Dictionary<string, string?> homeless = new() { ["HOME"] = none, ["BLIP_CACHE"] = null, ["XDG_CACHE_HOME"] = null };
        string[] int8 = ["--device", "cpu", "--precision", "int8"];
        BlipProcess.Result warm = await BlipProcess.RunAsync(null, ["warm", .. int8], environment: homeless!);
        Assert.Equal((1, $"blip: {Why}"), (warm.Code, warm.ErrorLines[^1]));
        BlipProcess.Result ask = await BlipProcess.RunAsync(
            null, ["ask", TestPaths.Sample("dogs.jpg"), "is there a cat?", .. int8], environment: homeless!);
        Assert.Equal((0, "no\n"), (ask.Code, ask.Out));
        Assert.Contains(Why, ask.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Warm_TildeInTheFolder_IsTheHome()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The home is no variable there.");
        BlipProcess.Result result = await WarmAsync(("BLIP_CACHE", "~/kept"), ("HOME", _folder.Path));
        string kept = Assert.Single(Directory.GetFiles(Path.Combine(_folder.Path, "kept"), "*.safetensors"));
        Assert.Equal($"kept in {kept}", Assert.Single(result.Lines));
    }

    [Fact]
    public async Task Warm_KilledWhileItWrites_TheNextStartIsRightAndNothingStays()
    {
        BlipProcess.Result first = await AskAsync();
        string file = Assert.Single(Directory.GetFiles(_folder.Path, "*.safetensors"));
        byte[] whole = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        int rounds = TestScale.Of(50), caught = 0;
        for (int round = 0; round < rounds; round++)
        {
            File.Delete(file);
            using Process process = Start();
            // The first file that is written is the digest's note; then the weights.
            while (Directory.GetFiles(_folder.Path, "*.partial") is var partial && !process.HasExited && !File.Exists(file))
            {
                long wanted = round * whole.LongLength / rounds;
                if (partial.Length > 0 && new FileInfo(partial[0]) is { Exists: true } found && found.Length >= wanted)
                    break;
            }
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            caught += File.Exists(file) ? 0 : 1;

            BlipProcess.Result next = await AskAsync();
            Assert.Equal((0, Numbers(first)), (next.Code, Numbers(next)));
            Assert.Empty(Directory.GetFiles(_folder.Path, "*.partial"));
            Assert.Equal(whole, await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
        }
        Assert.InRange(caught, 1, rounds);

        // All but the times.
        static string Numbers(BlipProcess.Result result) =>
            JsonDocument.Parse(result.Out).RootElement.GetProperty("token_logprobs").GetRawText();

        Process Start() => BlipProcess.Start(
            ["warm", "--device", "cpu", "--precision", "int8"], new Dictionary<string, string> { ["BLIP_CACHE"] = _folder.Path });
    }

    private Task<BlipProcess.Result> AskAsync() => BlipProcess.RunAsync(
        null,
        ["ask", TestPaths.Sample("dogs.jpg"), "how many dogs are in the picture?", "--device", "cpu", "--precision", "int8", "--json"],
        environment: new Dictionary<string, string> { ["BLIP_CACHE"] = _folder.Path });

    private static Task<BlipProcess.Result> WarmAsync(params (string Name, string Value)[] environment) => BlipProcess.RunAsync(
        null, ["warm", "--device", "cpu", "--precision", "int8"],
        environment: environment.ToDictionary(pair => pair.Name, pair => pair.Value));
}
