using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Blip.Plugin.Tests.Agents;

/// <summary><c>blip mcp</c> as a process, line by line. A request of the server is answered by <see cref="Answer"/>.</summary>
internal sealed class McpProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private McpProcess(Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, e) => _errors.AppendLine(e.Data);
        process.BeginErrorReadLine();
    }

    /// <summary>The result for a request of the server; null leaves it without an answer.</summary>
    public Func<JsonElement, string?> Answer { get; set; } = _ => null;

    /// <summary>The methods of the server's requests so far.</summary>
    public List<string> Asked { get; } = [];

    /// <summary>The notifications so far.</summary>
    public List<JsonElement> Notifications { get; } = [];

    public string Errors => _errors.ToString();

    /// <param name="capabilities">Those of the client, as JSON.</param>
    /// <param name="arguments">Further arguments of the command.</param>
    public static Task<McpProcess> StartAsync(string capabilities, params string[] arguments) =>
        StartAsync(capabilities, new Dictionary<string, string>(), arguments);

    /// <param name="capabilities">Those of the client, as JSON.</param>
    /// <param name="environment">Variables of the process.</param>
    /// <param name="arguments">Further arguments of the command.</param>
    public static async Task<McpProcess> StartAsync(
        string capabilities, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [McpStdio.Program, "mcp", .. arguments])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(),
        };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        McpProcess server = new(Process.Start(start)!);
        const string Client = """{"name":"t","version":"1"}""";
        string parameters = $$"""{"protocolVersion":"2025-06-18","capabilities":{{capabilities}},"clientInfo":{{Client}}}""";
        await server.SendAsync($$"""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{parameters}}}""");
        await server.ReceiveAsync();
        await server.SendAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        return server;
    }

    public async Task SendAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line.Trim());
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>The next response of the server.</summary>
    public async Task<JsonElement> ReceiveAsync()
    {
        for (;;)
        {
            string line = await _process.StandardOutput.ReadLineAsync().WaitAsync(Patience) ?? throw new EndOfStreamException(Errors);
            JsonElement message = JsonDocument.Parse(line).RootElement;
            if (!message.TryGetProperty("method", out JsonElement method))
                return message;
            if (!message.TryGetProperty("id", out JsonElement id))
            {
                Notifications.Add(message);
                continue;
            }
            Asked.Add(method.GetString()!);
            if (Answer(message) is { } result)
                await SendAsync($$"""{"jsonrpc":"2.0","id":{{id.GetRawText()}},"result":{{result}}}""");
        }
    }

    /// <summary>Calls <c>ask_image</c>, and returns its result.</summary>
    public async Task<JsonElement> AskAsync(string image, string question = "how many dogs are in the picture?", string meta = "{}")
    {
        string arguments = JsonSerializer.Serialize(new { image, question });
        return await CallAsync($$"""{"name":"ask_image","arguments":{{arguments}},"_meta":{{meta}}}""");
    }

    /// <summary>Calls <c>list_images</c>, and returns its result.</summary>
    public Task<JsonElement> ListAsync() => CallAsync("""{"name":"list_images","arguments":{}}""");

    /// <summary>The result of a tool in the response to its call: one text.</summary>
    public static JsonElement Read(JsonElement response) => JsonElement.Parse(
        Assert.Single(response.GetProperty("result").GetProperty("content").EnumerateArray()).GetProperty("text").GetString()!);

    private async Task<JsonElement> CallAsync(string parameters)
    {
        await SendAsync($$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{parameters}}}""");
        return Read(await ReceiveAsync());
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using CancellationTokenSource limit = new(Patience);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            throw;
        }
        finally
        {
            _process.Dispose();
        }
    }
}
