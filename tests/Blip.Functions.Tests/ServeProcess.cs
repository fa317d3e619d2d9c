using System.Diagnostics;
using System.Reflection;

namespace Blip.Functions.Tests;

/// <summary>Runs <c>blip serve</c> as a process.</summary>
internal sealed class ServeProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ServeProcess(Process process, Uri address) => (_process, Http) = (process, new HttpClient { BaseAddress = address });

    public HttpClient Http { get; }

    public Process Process => _process;

    private static string Program { get; } =
        typeof(ServeProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "BlipExecutable").Value!;

    /// <summary>Runs another command of <c>blip</c>, and returns what it writes.</summary>
    public static async Task<string> RunCommandAsync(params string[] arguments)
    {
        using Process process = Process.Start(
            new ProcessStartInfo("dotnet", [Program, .. arguments]) { RedirectStandardOutput = true })!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output;
    }

    public static async Task<ServeProcess> StartAsync(params (string Name, string Value)[] settings)
    {
        ProcessStartInfo start = new("dotnet", [Program, "serve", "--urls", "http://127.0.0.1:0"]) { RedirectStandardError = true };
        foreach ((string name, string value) in settings)
            start.Environment[name] = value;
        Process process = Process.Start(start)!;
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
