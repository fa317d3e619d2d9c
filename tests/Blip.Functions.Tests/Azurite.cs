using System.Diagnostics;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Xunit;

namespace Blip.Functions.Tests;

/// <summary>The storage emulator on ports of its own, in memory.</summary>
internal sealed class Azurite : IAsyncDisposable
{
    // The emulator's published account.
    private const string Account = "devstoreaccount1", Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private readonly Process _process;

    private Azurite(Process process, string blobs, string queues) => (_process, Connection, ProductionConnection) = (process,
        ConnectTo($"127.0.0.1:{blobs}/{Account}", $"127.0.0.1:{queues}/{Account}"), ConnectTo($"{Account}.blob.localhost:{blobs}", $"{Account}.queue.localhost:{queues}"));

    public string Connection { get; }

    /// <summary>The same account under addresses as in production, which name it in the host.</summary>
    public string ProductionConnection { get; }

    public BlobServiceClient Blobs => new(Connection);

    public QueueServiceClient Queues => new(Connection);

    /// <summary>Starts it. A visible skip on a machine without it; a failure in continuous integration, where it must be there.</summary>
    public static async Task<Azurite> StartAsync()
    {
        const string Missing = "Azurite is not installed: npm install -g azurite, or name its executable in BLIP_AZURITE.";
        string? program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "azurite"))
            .Prepend(Environment.GetEnvironmentVariable("BLIP_AZURITE") ?? "").FirstOrDefault(File.Exists);
        if (program is null && Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(Missing);
        Assert.SkipWhen(program is null, Missing);
        ProcessStartInfo start = new(program!,
        [
            "--silent", "--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck", "--blobPort", "0", "--queuePort", "0", "--tablePort", "0",
        ]) { RedirectStandardOutput = true };
        start.Environment["AZURITE_ACCOUNTS"] = $"{Account}:{Key}";
        Process process = Process.Start(start)!;
        // It takes free ports, and says which.
        string blobs = await PortAsync("Blob"), queues = await PortAsync("Queue");
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        return new Azurite(process, blobs, queues);

        async Task<string> PortAsync(string service)
        {
            while (await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)) is { } line)
            {
                if (line.StartsWith($"Azurite {service} service is successfully listening", StringComparison.Ordinal))
                    return line[(line.LastIndexOf(':') + 1)..];
            }
            throw new InvalidOperationException("Azurite ended as it started.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static string ConnectTo(string blobs, string queues) => $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};BlobEndpoint=http://{blobs};QueueEndpoint=http://{queues}";
}
