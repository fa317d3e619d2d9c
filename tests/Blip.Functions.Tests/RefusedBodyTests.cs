using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Blip.Functions.Host;
using Xunit;

namespace Blip.Functions.Tests;

/// <summary>
/// Clients that send more than is read, through the platform's proxy. It reads the worker's answer when the whole body is sent, and gives
/// an empty 500 where the worker closes the connection before that.
/// </summary>
[Trait("Category", "Long")]
public sealed class RefusedBodyTests(PublishedApp app) : IAsyncLifetime
{
    private const long Over = (30 << 20) + 1;
    private const string Key = "a-key";

    /// <summary>Clients as browsers and libraries are: how they send, address, type, bytes.</summary>
    private static readonly (string Sends, string Path, string Type, long Bytes)[] Clients =
    [
        ("length", "/api/ask?question=a", "image/jpeg", Over),
        ("length", "/api/ask?question=a", "image/jpeg", 60 << 20),
        ("length", "/api/ask?question=a", "image/jpeg", 99 << 20),
        ("length", "/api/ask", "multipart/form-data; boundary=b", Over),
        ("length", "/api/ask", "application/json", Over),
        ("length", "/api/images", "image/png", 40 << 20),
        ("length", "/v1/chat/completions", "application/json", Over),
        ("length", "/v1/responses", "application/json", Over),
        ("length", "/api/chat", "application/json", Over),
        ("length", "/api/generate", "application/json", Over),
        ("length", "/mcp", "application/json", Over),
        ("chunks", "/api/ask?question=a", "image/jpeg", Over),
        ("chunks", "/api/ask?question=a", "application/octet-stream", 99 << 20),
        ("chunks", "/api/ask", "multipart/form-data; boundary=b", 60 << 20),
        ("chunks", "/api/ask", "application/json", Over),
        ("chunks", "/v1/chat/completions", "application/json", 60 << 20),
        ("chunks", "/mcp", "application/json", Over),
        ("slowly", "/api/ask?question=a", "image/jpeg", Over),
        ("curl", "/api/ask?question=a", "image/jpeg", 60 << 20),
        ("curl, told first", "/api/ask?question=a", "image/jpeg", 60 << 20),
        ("HTTP/1.0", "/api/images", "image/jpeg", 40 << 20),
    ];

    private FunctionsHost _host = null!;
    private HttpClient _http = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await app.StartAsync(("Blip__ApiKey", Key));
        _http = new HttpClient { BaseAddress = _host.Address };
        await AppTests.ReadyAsync(_http);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Body_OverTheLimit_Is413WithItsReason()
    {
        List<string> wrong = [];
        foreach ((string sends, string path, string type, long bytes) in Clients)
        {
            (int status, string body) = sends switch
            {
                "curl" => await CurlAsync(path, type, bytes, "Expect:"),
                "curl, told first" => await CurlAsync(path, type, bytes, "Expect: 100-continue"),
                "HTTP/1.0" => await OldAsync(path, type, bytes),
                _ => await SendAsync(path, type, new Filler(bytes, sends, Opening(type)), Key),
            };
            // Ollama's form has no code.
            bool isReason = body.Contains("too_large", StringComparison.Ordinal)
                || body.StartsWith("{\"error\":\"The ", StringComparison.Ordinal);
            if (status != 413 || !isReason)
                wrong.Add($"{sends} {path} {type} {bytes:N0}: {status} '{body}'");
        }
        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("/api/ask", "image/jpeg", "wrong", 401, "unauthorized")]
    [InlineData("/v1/chat/completions", "application/json", "wrong", 401, "unauthorized")]
    [InlineData("/api/ask", "text/csv", Key, 415, "unsupported_media_type")]
    [InlineData("/mcp", "text/csv", Key, 415, "unsupported_media_type")]
    public async Task Body_Refused_IsReadToItsEnd(string path, string type, string key, int status, string code)
    {
        foreach (string sends in (string[])["length", "chunks"])
        {
            (int answered, string body) = await SendAsync(path, type, new Filler(29 << 20, sends, []), key);
            Assert.Equal((status, true), (answered, body.Contains(code, StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task Bodies_BeyondTheBudget_AreReadToTheirEndAndGet429()
    {
        // Five of them fill the budget while they come. They are no images.
        (int Status, string Body)[] answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(
            _ => SendAsync("/api/ask?question=a", "image/jpeg", new Filler(19 << 20, "very slowly", []), Key)));
        Assert.Equal([415, 415, 415, 415, 415, 429], answers.Select(answer => answer.Status).Order());
        Assert.Contains("\"busy\"", answers.Single(answer => answer.Status == 429).Body, StringComparison.Ordinal);
    }

    private static byte[] Opening(string type) => Encoding.ASCII.GetBytes(type switch
    {
        "application/json" => """{"image":"data:image/jpeg;base64,""",
        "multipart/form-data; boundary=b" =>
            "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n",
        _ => "",
    });

    private async Task<(int Status, string Body)> SendAsync(string path, string type, Filler content, string key)
    {
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = content };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using HttpResponseMessage response = await _http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private async Task<(int Status, string Body)> CurlAsync(string path, string type, long bytes, string expect)
    {
        string file = Path.GetTempFileName();
        try
        {
            await using (FileStream made = File.OpenWrite(file))
                made.SetLength(bytes);
            using Process curl = Process.Start(new ProcessStartInfo("curl",
            [
                "-s", "-w", "\n%{http_code}", "-H", expect, "-H", $"Content-Type: {type}", "-H", $"x-api-key: {Key}",
                "--data-binary", "@" + file, new Uri(_host.Address, path).ToString(),
            ]) { RedirectStandardOutput = true })!;
            string output = await curl.StandardOutput.ReadToEndAsync();
            await curl.WaitForExitAsync();
            int end = output.LastIndexOf('\n');
            return (int.Parse(output[(end + 1)..], null), output[..Math.Max(end, 0)]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>A client that sends its whole body before it reads a byte, as simple ones do.</summary>
    private async Task<(int Status, string Body)> OldAsync(string path, string type, long bytes)
    {
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, _host.Address.Port);
        await using NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.0\r\nx-api-key: {Key}\r\nContent-Type: {type}\r\nContent-Length: {bytes}\r\n\r\n"));
        using Filler body = new(bytes, "length", []);
        await body.CopyToAsync(stream);
        using StreamReader reader = new(stream);
        string answer = await reader.ReadToEndAsync();
        return (int.Parse(answer.Split(' ')[1], null), answer[answer.IndexOf("\r\n\r\n", StringComparison.Ordinal)..]);
    }

    /// <summary>A body of a given size. Its length is told before it only where it is not sent in chunks.</summary>
    private sealed class Filler(long bytes, string sends, byte[] opening) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(opening);
            byte[] part = new byte[1 << 20];
            Array.Fill(part, (byte)'A');
            for (long left = bytes - opening.Length; left > 0; left -= part.Length)
            {
                await stream.WriteAsync(part.AsMemory(0, (int)Math.Min(left, part.Length)));
                if (sends.EndsWith("slowly", StringComparison.Ordinal))
                    await Task.Delay(sends == "slowly" ? 50 : 900);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = bytes;
            return sends != "chunks";
        }
    }
}
