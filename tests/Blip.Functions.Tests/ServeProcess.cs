using System.Diagnostics;
using System.Reflection;

namespace Blip.Functions.Tests;

/// <summary>Runs <c>blip serve</c> as a process.</summary>
internal sealed class ServeProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ServeProcess(Process process, Uri address) => (_process, Http) = (process, new HttpClient { BaseAddress = address });

    public HttpClient Http { get; }

    public static async Task<ServeProcess> StartAsync()
    {
        IEnumerable<AssemblyMetadataAttribute> metadata = typeof(ServeProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>();
        string program = metadata.Single(a => a.Key == "BlipExecutable").Value!;
        Process process = Process.Start(
            new ProcessStartInfo("dotnet", [program, "serve", "--urls", "http://127.0.0.1:0"]) { RedirectStandardError = true })!;
        string line;
        do
            line = await process.StandardError.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30))
                ?? throw new InvalidOperationException("The server ended.");
        while (!line.StartsWith("ready at", StringComparison.Ordinal));
        return new ServeProcess(process, new Uri(line.Split(' ')[2].TrimEnd(':')));
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
