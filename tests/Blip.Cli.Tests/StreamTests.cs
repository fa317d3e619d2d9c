using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

/// <summary>Standard output and error that are closed or full, and proxies.</summary>
[Trait("Category", "Long")]
public class StreamTests
{
    private const string Full = "blip: The output cannot be written: No space left on device.";
    private const string OwnModel = "mcp --model tests/golden/models/base";
    private const string Ping = """{"jsonrpc":"2.0","id":1,"method":"ping"}""";
    private const string NoInput = "blip: Standard input is closed. Pipe something in, or name a file.";
    private const string NotOrdinary = "is a pipe or a device. Name an ordinary file.";
    private const string Closed = "blip: The output cannot be written: it is closed.";

    [Theory(Timeout = 60_000)]
    [InlineData("ask samples/dogs.jpg 'is there a cat?' 2>/dev/full", 0, "no")]
    [InlineData("ask samples/dogs.jpg 'is there a cat?' 2>&-", 0, "no")]
    [InlineData("ask nosuch.jpg 'is there a cat?' 2>/dev/full", 1, "")]
    [InlineData("aks 2>&-", 2, "")]
    [InlineData("ask samples/dogs.jpg 'is there a cat?' 2>&1 >/dev/full | tail -n 1", 1, Full)]
    [InlineData("ask samples/dogs.jpg 'is there a cat?' --json 2>&1 >/dev/full | tail -n 1", 1, Full)]
    [InlineData("ask samples/dogs.jpg 'is there a cat?' --csv 2>&1 >/dev/full | tail -n 1", 1, Full)]
    [InlineData("--help 2>&1 >/dev/full", 1, Full)]
    [InlineData("ask samples/dogs.jpg 'is there a cat?' 2>&1 >&- | tail -n 1", 1, Closed)]
    // Two numbers are free, and .NET opens a pipe of its own before the command begins.
    [InlineData("ask samples/dogs.jpg 'is there a cat?' 2>&1 <&- >&- | tail -n 1", 1, Closed)]
    [InlineData("ask samples/dogs.jpg 'is there a cat?' <&- >&-", 1, "")]
    [InlineData("ask samples/dogs.jpg 'is there a cat?' <&- >&- 2>&-", 1, "")]
    [InlineData("ask samples/dogs.jpg 'is there a cat?' >&- 2>&-", 1, "")]
    [InlineData("ask samples/dogs.jpg 'is there a cat?' <&- 2>&-", 0, "no")]
    [InlineData("ask nosuch.jpg 'is there a cat?' 2>&1", 1, "blip: There is no file nosuch.jpg.")]
    // Told at once, before the model and what is said of it.
    [InlineData("ask - 'is there a cat?' 2>&1 <&-", 1, NoInput)]
    [InlineData("ask - 'is there a cat?' --json --frames 2>&1 <&-", 1, NoInput)]
    [InlineData("caption - 2>&1 <&-", 1, NoInput)]
    [InlineData("match - 'a cat' 2>&1 <&-", 1, NoInput)]
    [InlineData("score - 'a cat' 2>&1 <&-", 1, NoInput)]
    [InlineData("ask --batch - 2>&1 <&-", 1, NoInput)]
    [InlineData("ask - 'is there a cat?' 3<samples/dogs.jpg <&3", 0, "no")]
    [InlineData("mcp 2>&1 <&-", 2, "blip: standard input is closed. An MCP client starts this command and writes to it.")]
    [InlineData("mcp 2>&1 >&- | tail -n 1", 2, "blip: standard output is closed. An MCP client starts this command and reads from it.")]
    // The client may wait for an answer, so its end is not waited for.
    [InlineData(OwnModel + " 2>&1 >/dev/full <<< '" + Ping + "'", 1, Full)]
    [InlineData(OwnModel + " 2>&1 >/dev/full < <(echo '" + Ping + "'; exec sleep 60 2>/dev/null)", 1, Full)]
    [InlineData(OwnModel + " 2>&1 >/dev/full < <(echo '{'; exec sleep 60 2>/dev/null)", 1, Full)]
    // What never ends. A pipe that is open already has its end.
    [InlineData("ask samples/dogs.jpg 'is there a cat?' --choices /dev/zero 2>&1", 1, "blip: /dev/zero " + NotOrdinary)]
    [InlineData("ask samples/dogs.jpg 'is there a cat?' --choices <(echo no)", 0, "no")]
    [InlineData("run samples --questions /dev/zero --out /tmp/blip-none.csv 2>&1", 1, "blip: /dev/zero " + NotOrdinary)]
    [InlineData("tokenize --batch /dev/zero 2>&1", 1, "blip: /dev/zero has a line of more than 134,217,728 bytes. Shorten it.")]
    public async Task Streams_ClosedOrFull_AreToldWhereItMatters(string line, int code, string written)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "There is no such device elsewhere.");
        string shell = $"set -o pipefail; dotnet {BlipProcess.Program} {line}";
        ProcessStartInfo start = new("bash", ["--norc", "-c", shell])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = TestPaths.Root,
        };
        using Process bash = Process.Start(start)!;
        string output = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((code, written), (bash.ExitCode, output.TrimEnd('\n')));
    }

    [Fact]
    public async Task Locale_ThatDotNetDoesNotKnow_DoesNotStopTheCommand()
    {
        Dictionary<string, string> environment = new() { ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "0", ["LC_ALL"] = "xx" };
        BlipProcess.Result result = await BlipProcess.RunAsync(null, ["--version"], environment: environment);
        Assert.Equal((0, ""), (result.Code, result.Error));
    }

    [Theory]
    [InlineData("", "GET http://images.invalid/dogs.jpg ")]
    [InlineData("images.invalid", null)]
    public async Task Address_ThatAPersonTyped_IsFetchedThroughTheProxy(string noProxy, string? request)
    {
        using TcpListener proxy = new(IPAddress.Loopback, 0);
        proxy.Start();
        Task<string?> served = ServeOnceAsync(proxy);
        string address = $"http://{proxy.LocalEndpoint}";
        Dictionary<string, string> environment = new() { ["HTTP_PROXY"] = address, ["http_proxy"] = address, ["NO_PROXY"] = noProxy };
        BlipProcess.Result result = await BlipProcess.RunAsync(
            null, ["ask", "http://images.invalid/dogs.jpg", "is there a cat?"], environment: environment);
        proxy.Stop();
        string? line = await served;
        Assert.Equal(request is null ? (1, "") : (0, "no\n"), (result.Code, result.Out));
        Assert.Equal(request, line?[..(request?.Length ?? 0)]);
    }

    /// <summary>Answers one request with an image; gives the request.</summary>
    private static async Task<string?> ServeOnceAsync(TcpListener listener)
    {
        try
        {
            using TcpClient client = await listener.AcceptTcpClientAsync();
            NetworkStream stream = client.GetStream();
            byte[] buffer = new byte[4096], image = File.ReadAllBytes(TestPaths.Sample("dogs.jpg"));
            int count = await stream.ReadAsync(buffer);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                $"HTTP/1.1 200 OK\r\nContent-Length: {image.Length}\r\nConnection: close\r\n\r\n"));
            await stream.WriteAsync(image);
            return Encoding.ASCII.GetString(buffer, 0, count);
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
