using System.Diagnostics;
using System.Text.RegularExpressions;
using Blip.Tests;

namespace Blip.Cli.Tests;

/// <summary>Runs <c>blip serve</c> as a process. The system chooses the port.</summary>
internal sealed partial class Server(Process process, string readyLine, string[] earlier) : IAsyncDisposable
{
    public Process Process => process;

    public string ReadyLine => readyLine;

    /// <summary>What it wrote before it was ready.</summary>
    public string[] EarlierLines => earlier;

    public Uri Address { get; } = new(AddressForm.Match(readyLine).Value);

    public static Task<Server> StartAsync(params string[] arguments) => StartAsync(new Dictionary<string, string>(), arguments);

    public static async Task<Server> StartAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        Process process = BlipProcess.Start(["serve", "--urls", "http://127.0.0.1:0", .. arguments], environment);
        List<string> earlier = [];
        while (true)
        {
            string line = await process.StandardError.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30))
                ?? throw new InvalidOperationException("The server ended.");
            if (line.StartsWith("ready at", StringComparison.Ordinal))
                return new Server(process, line, [.. earlier]);
            earlier.Add(line);
        }
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }

    [GeneratedRegex(@"http://[^ ]*\d")]
    private static partial Regex AddressForm { get; }
}
