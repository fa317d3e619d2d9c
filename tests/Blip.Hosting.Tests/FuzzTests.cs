using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Blip.Tests;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>
/// Sends broken requests over raw connections. A connection is used for many requests. Each response has a status from 400 to 499, and
/// the service still answers afterwards.
/// </summary>
[Trait("Category", "Long")]
public sealed class FuzzTests
{
    private const int AllRequests = 100_000, Connections = 8;

    private static readonly string[] Paths =
    [
        "/api/ask", "/api/ask?question=what%3F", "/api/images", "/v1/chat/completions", "/v1/responses", "/mcp", "/v1/models",
        "/openapi/v1.json", "/api/ask/", "//api/ask", "/%2e%2e/x", "/api/ask?question=%ff%fe",
    ];

    private static readonly string[] Types =
    [
        "application/json", "image/jpeg", "multipart/form-data; boundary=b", "multipart/form-data; boundary=\"\"", "multipart/form-data",
        "multipart/mixed; boundary=b", "application/json; charset=utf-7", "text/plain", "application/x-www-form-urlencoded", "x",
        "image/", "application/json;;;", "multipart/form-data; boundary=" + new string('b', 200),
    ];

    private static readonly string[] JsonValues =
    [
        "\"x\"", "7", "null", "[]", "{}", "\"\\ud800\"", "\"data:,x\"", "\"https://127.0.0.1/x\"", "\"sha256-0\"", "\"\"", "1e999",
        "[\"a\",\"b\"]", "\"file:///etc/passwd\"", "\"\\u0000\"",
    ];

    private static readonly string[] JsonNames =
    [
        "image", "question", "questions", "messages", "model", "n", "stream", "max_tokens", "\\u0000", "tool_choice", "response_format",
        "stream_options", "input", "text", "metadata", "include",
    ];

    [Fact]
    public async Task Requests_Mutated_OnlyGet4xx()
    {
        await using Service service = await Service.StartAsync(options => options.RequestTimeout = TimeSpan.FromSeconds(20));
        int count = TestScale.Of(AllRequests);
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
                string start = Encoding.Latin1.GetString(request.AsSpan(0, Math.Min(request.Length, 2000)));
                Assert.True(
                    status is >= 400 and < 500 || (mayWork && status is >= 200 and < 300) || (status == 0 && ends),
                    $"{status} for request {i} of part {part}: {start}");
            }
        })));
        Assert.True(statuses[400] > count / 20);
        JsonElement answered = await service.PostAsync("/api/ask", Service.Form(Service.Dogs, Service.HowMany));
        Assert.Equal("2", answered.GetProperty("answer").GetString());
        IEnumerable<string> counts = statuses.Select((n, status) => (n, status)).Where(s => s.n > 0).Select(s => $"{s.n} x {s.status}");
        TestContext.Current.SendDiagnosticMessage($"{count} requests: {string.Join(", ", counts)}");
    }

    /// <summary>
    /// Makes a broken request. The result says too whether it may be valid by chance, and whether the client stops sending after it.
    /// </summary>
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
        string path = Paths[random.Next(Paths.Length)];
        string method = random.Next(12) switch { 0 => "GET", 1 => "PUT", 2 => "BREW", _ => "POST" };
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
        // No request has a complete image, so only these addresses can answer with a status from 200 to 299.
        bool mayWork = path is "/v1/models" or "/openapi/v1.json" or "/mcp";
        return ([.. Encoding.Latin1.GetBytes(head.ToString()), .. body], mayWork, ends);
    }

    private static byte[] Json(Random random)
    {
        StringBuilder json = new("{");
        for (int i = random.Next(5); i >= 0; i--)
        {
            json.Append('"').Append(JsonNames[random.Next(JsonNames.Length)]).Append("\":")
                .Append(JsonValues[random.Next(JsonValues.Length)]).Append(i > 0 ? "," : "");
        }
        return Mutate(random, Encoding.UTF8.GetBytes(json.Append('}').ToString()));
    }

    private static byte[] Deep(Random random)
    {
        int depth = random.Next(1, 5000);
        string open = new(random.Next(2) == 0 ? '[' : '{', depth), close = new(']', random.Next(2) * depth);
        return Encoding.ASCII.GetBytes("{\"messages\":" + open + close + "}");
    }

    private static byte[] Multipart(Random random)
    {
        StringBuilder form = new();
        for (int i = random.Next(4); i >= 0; i--)
        {
            string name = random.Next(3) switch { 0 => "image", 1 => "question", _ => "x" };
            form.Append("--b\r\nContent-Disposition: form-data; name=").Append(name).Append(random.Next(2) == 0 ? "; filename=a" : "")
                .Append("\r\n\r\n").Append('q', random.Next(100)).Append("\r\n");
        }
        return Mutate(random, Encoding.ASCII.GetBytes(form.Append("--b--\r\n").ToString()));
    }

    private static byte[] BlipImage(Random random) =>
        Mutate(random, Service.Dogs.AsSpan(0, random.Next(Service.Dogs.Length / 2)).ToArray());

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

    /// <summary>A connection to the service. It is opened again when the service has closed it.</summary>
    private sealed class Connection(int port) : IDisposable
    {
        private readonly byte[] _buffer = new byte[64 * 1024];
        private TcpClient? _client;

        /// <summary>
        /// Sends a request and returns the status; 0 if there is no response, because the service does not answer a client that stops
        /// sending in the middle.
        /// </summary>
        public async Task<int> SendAsync(byte[] request, bool ends)
        {
            // The rest of an earlier request may have closed this connection in the meantime. Then a new connection is tried.
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
                // The service reset the connection: there is no response.
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
                // The length is not known, or the service closes the connection. So the body is not read, and the next request opens a
                // new connection.
                Dispose();
                return status;
            }
            string declared = head[(at + 16)..].Trim().Split('\r')[0];
            int length = int.Parse(declared, System.Globalization.CultureInfo.InvariantCulture);
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
