using System.Diagnostics;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Xunit;

namespace Blip.Functions.Tests;

/// <summary>The storage emulator. It keeps everything in memory and has its own ports.</summary>
internal sealed class Azurite : IAsyncDisposable
{
    // The account that the emulator's documentation publishes.
    private const string Account = "devstoreaccount1";
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private readonly Process _process;

    private Azurite(Process process, string blobs, string queues)
    {
        _process = process;
        Connection = ConnectTo($"127.0.0.1:{blobs}/{Account}", $"127.0.0.1:{queues}/{Account}");
        ProductionConnection = ConnectTo($"{Account}.blob.localhost:{blobs}", $"{Account}.queue.localhost:{queues}");
    }

    public string Connection { get; }

    /// <summary>The same account with addresses as in production: the name of the host has the account.</summary>
    public string ProductionConnection { get; }

    public BlobServiceClient Blobs => new(Connection);

    public QueueServiceClient Queues => new(Connection);

    /// <summary>
    /// Starts the emulator. If it is not installed, the test is skipped. In continuous integration the test fails instead, because there it
    /// must be installed.
    /// </summary>
    public static async Task<Azurite> StartAsync()
    {
        const string Missing = "Azurite is not installed: npm install -g azurite, or name its executable in BLIP_AZURITE.";
        string? program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, "azurite"))
            .Prepend(Environment.GetEnvironmentVariable("BLIP_AZURITE") ?? "")
            .FirstOrDefault(File.Exists);
        if (program is null && Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(Missing);
        Assert.SkipWhen(program is null, Missing);
        ProcessStartInfo start = new(program!,
        [
            "--silent", "--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck",
            "--blobPort", "0", "--queuePort", "0", "--tablePort", "0",
        ]) { RedirectStandardOutput = true };
        start.Environment["AZURITE_ACCOUNTS"] = $"{Account}:{Key}";
        Process process = Process.Start(start)!;
        // The emulator chooses free ports and writes them to standard output.
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
            throw new InvalidOperationException("Azurite ended before it was ready.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static string ConnectTo(string blobs, string queues) =>
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};BlobEndpoint=http://{blobs};QueueEndpoint=http://{queues}";
}
