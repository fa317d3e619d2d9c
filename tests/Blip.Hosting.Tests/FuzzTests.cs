using System.Net;
using System.Net.Sockets;
using System.Text;
using Blip.Tests;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>Requests that no client would send, over raw connections that are used again and again: only 4xx comes back, and the service answers after.</summary>
[Trait("Category", "Long")]
public sealed class FuzzTests
{
    private const int Whole = 100_000, Connections = 8;

    private static readonly string[] Paths = ["/api/ask", "/api/ask?question=what%3F", "/api/images", "/v1/chat/completions", "/mcp", "/v1/models", "/openapi/v1.json", "/api/ask/", "//api/ask", "/%2e%2e/x", "/api/ask?question=%ff%fe"];
    private static readonly string[] Types =
    [
        "application/json", "image/jpeg", "multipart/form-data; boundary=b", "multipart/form-data; boundary=\"\"", "multipart/form-data", "multipart/mixed; boundary=b", "application/json; charset=utf-7", "text/plain",
        "application/x-www-form-urlencoded", "x", "image/", "application/json;;;", "multipart/form-data; boundary=" + new string('b', 200),
    ];

    [Fact]
    public async Task Requests_Mutated_OnlyGet4xx()
    {
        await using Service service = await Service.StartAsync(options => options.RequestTimeout = TimeSpan.FromSeconds(20));
        int count = TestScale.Of(Whole);
        int[] statuses = new int[600];
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(part => Task.Run(async () =>
        {
            Random random = new(part);
            using Connection connection = new(service.Address.Port);
            for (int i = part; i < count; i += Connections)
            {
                (byte[] request, bool mayWork, bool ends) = Make(random);
                int status = await connection.SendAsync(request, ends);
                Interlocked.Increment(ref statuses[status]);
                Assert.True(status is >= 400 and < 500 || (mayWork && status is >= 200 and < 300) || (status == 0 && ends), $"{status} for request {i} of part {part}: {Encoding.Latin1.GetString(request.AsSpan(0, Math.Min(request.Length, 2000)))}");
            }
        })));
        Assert.True(statuses[400] > count / 20);
        Assert.Equal("2", (await service.PostAsync("/api/ask", Service.Form(Service.Dogs, Service.HowMany))).GetProperty("answer").GetString());
        TestContext.Current.SendDiagnosticMessage($"{count} requests: " + string.Join(", ", statuses.Select((n, status) => (n, status)).Where(s => s.n > 0).Select(s => $"{s.n} x {s.status}")));
    }

    /// <summary>A request, mutated; whether it may be a valid one all the same, and whether the client stops sending after it.</summary>
    private static (byte[] Request, bool MayWork, bool Ends) Make(Random random)
    {
        bool ends = false;
        byte[] body = random.Next(6) switch
        {
            0 => Json(random),
            1 => Deep(random),
            2 => Multipart(random),
            3 => BlipImage(random),
            4 => Bytes(random, random.Next(200)),
            _ => Mcp(random),
        };
        int declared = body.Length;
        string length = $"Content-Length: {declared}\r\n";
        string path = Paths[random.Next(Paths.Length)], method = random.Next(12) switch { 0 => "GET", 1 => "PUT", 2 => "BREW", _ => "POST" };
        StringBuilder head = new();
        head.Append(method).Append(' ').Append(path).Append(" HTTP/1.1\r\nHost: localhost\r\n");
        head.Append("Content-Type: ").Append(Types[random.Next(Types.Length)]).Append("\r\n");
        if (path == "/mcp")
            head.Append("Accept: application/json, text/event-stream\r\n");
        switch (random.Next(16))
        {
            case 0:
                head.Append("X-Filler: ").Append('x', random.Next(1, 40_000)).Append("\r\n");
                break;
            case 1:
                for (int i = random.Next(150); i >= 0; i--)
                    head.Append("X-").Append(i).Append(": y\r\n");
                break;
            case 2:
                length = "Content-Length: -1\r\n";
                break;
            case 3:
                length = $"Content-Length: {declared}\r\nContent-Length: {declared + 1}\r\n";
                break;
            case 4:
                length = "Content-Length: 99999999999\r\n";
                break;
            case 5:
                length = "Transfer-Encoding: chunked\r\n";
                body = [.. "zz\r\n"u8, .. body];
                break;
            case 6:
                head.Append("Content-Encoding: gzip\r\n");
                break;
            case 7:
                head.Append("Broken header\r\n");
                break;
            case 8:
                head.Append("Host: second.example\r\n");
                break;
            case 9:
                head.Append("Expect: something\r\n");
                break;
            case 10:
                length = $"Content-Length: {declared + random.Next(1, 1000)}\r\n";
                ends = true;
                break;
            case 11:
                length = $"Content-Length: {random.Next(declared + 1)}\r\n";
                break;
            default:
                break;
        }
        head.Append(length).Append("\r\n");
        // No whole image is ever sent: nothing can be answered but lists and the protocol of tools.
        bool mayWork = path is "/v1/models" or "/openapi/v1.json" or "/mcp";
        return ([.. Encoding.Latin1.GetBytes(head.ToString()), .. body], mayWork, ends);
    }

    private static byte[] Json(Random random)
    {
        string[] values = ["\"x\"", "7", "null", "[]", "{}", "\"\\ud800\"", "\"data:,x\"", "\"https://127.0.0.1/x\"", "\"sha256-0\"", "\"\"", "1e999", "[\"a\",\"b\"]", "\"file:///etc/passwd\"", "\"\\u0000\""];
        string[] names = ["image", "question", "questions", "messages", "model", "n", "stream", "max_tokens", "\\u0000", "tool_choice", "response_format", "stream_options"];
        StringBuilder json = new("{");
        for (int i = random.Next(5); i >= 0; i--)
            json.Append('"').Append(names[random.Next(names.Length)]).Append("\":").Append(values[random.Next(values.Length)]).Append(i > 0 ? "," : "");
        return Mutate(random, Encoding.UTF8.GetBytes(json.Append('}').ToString()));
    }

    private static byte[] Deep(Random random)
    {
        int depth = random.Next(1, 5000);
        return Encoding.ASCII.GetBytes("{\"messages\":" + new string(random.Next(2) == 0 ? '[' : '{', depth) + new string(']', random.Next(2) * depth) + "}");
    }

    private static byte[] Multipart(Random random)
    {
        StringBuilder form = new();
        for (int i = random.Next(4); i >= 0; i--)
        {
            string name = random.Next(3) switch { 0 => "image", 1 => "question", _ => "x" };
            form.Append("--b\r\nContent-Disposition: form-data; name=").Append(name).Append(random.Next(2) == 0 ? "; filename=a" : "").Append("\r\n\r\n").Append('q', random.Next(100)).Append("\r\n");
        }
        return Mutate(random, Encoding.ASCII.GetBytes(form.Append("--b--\r\n").ToString()));
    }

    private static byte[] BlipImage(Random random) => Mutate(random, Service.Dogs.AsSpan(0, random.Next(Service.Dogs.Length / 2)).ToArray());

    private static byte[] Mcp(Random random) => Mutate(random, Encoding.UTF8.GetBytes(
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask_image","arguments":{"image":"x","question":"y"}}}"""));

    private static byte[] Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Mutate(Random random, byte[] bytes)
    {
        if (bytes.Length == 0)
            return bytes;
        for (int i = random.Next(4); i > 0; i--)
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return random.Next(3) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }

    /// <summary>One connection, opened again when the service closes it.</summary>
    private sealed class Connection(int port) : IDisposable
    {
        private readonly byte[] _buffer = new byte[64 * 1024];
        private TcpClient? _client;

        /// <summary>Sends and gives the status; 0 where there is no answer: a caller that ends in the middle counts as gone.</summary>
        public async Task<int> SendAsync(byte[] request, bool ends)
        {
            // What an earlier request left over may have closed this connection meanwhile.
            bool used = _client is not null;
            int status = await TryAsync(request, ends);
            return status == 0 && used ? await TryAsync(request, ends) : status;
        }

        private async Task<int> TryAsync(byte[] request, bool ends)
        {
            using CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));
            if (_client is null)
            {
                _client = new TcpClient();
                await _client.ConnectAsync(IPAddress.Loopback, port, limit.Token);
            }
            NetworkStream stream = _client.GetStream();
            int status = 0;
            try
            {
                await stream.WriteAsync(request, limit.Token);
                if (ends)
                    _client.Client.Shutdown(SocketShutdown.Send);
                status = await ReadAsync(stream, limit.Token);
            }
            catch (IOException)
            {
                // Reset: no answer.
            }
            if (ends || status == 0)
                Dispose();
            return status;
        }

        private async Task<int> ReadAsync(NetworkStream stream, CancellationToken cancellationToken)
        {
            int filled = 0, end;
            while ((end = _buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0)
            {
                int read = await stream.ReadAsync(_buffer.AsMemory(filled), cancellationToken);
                if (read == 0)
                {
                    Dispose();
                    return 0;
                }
                filled += read;
            }
            string head = Encoding.ASCII.GetString(_buffer, 0, end);
            int status = int.Parse(head.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture);
            int at = head.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
            bool closes = head.Contains("Connection: close", StringComparison.OrdinalIgnoreCase);
            if (at < 0 || closes)
            {
                // Chunked, or closing: whole bodies of this size come at once or not at all.
                Dispose();
                return status;
            }
            int length = int.Parse(head.AsSpan(at + 16).Trim().ToString().Split('\r')[0], System.Globalization.CultureInfo.InvariantCulture);
            for (int have = filled - end - 4; have < length;)
            {
                int read = await stream.ReadAsync(_buffer, cancellationToken);
                if (read == 0)
                    break;
                have += read;
            }
            return status;
        }

        public void Dispose()
        {
            _client?.Dispose();
            _client = null;
        }
    }
}
