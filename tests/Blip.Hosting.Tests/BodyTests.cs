using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Blip.AI.Images;
using Blip.Hosting.Receiving;
using Blip.Images;
using Blip.Skia;
using Blip.Tests.Images;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>How bodies are read: images in JSON, text that is too long, and the memory that all bodies share.</summary>
public sealed class BodyTests
{
    private const long LeastBudget = 4 << 20;

    private static readonly byte[] Large = PaddedJpeg.Create(Service.Dogs, 2 << 20);

    private static string Uri { get; } = "data:image/jpeg;base64," + Convert.ToBase64String(Service.Dogs);

    /// <summary>The data URI of an image as different writers of JSON and of data URIs write it.</summary>
    public static TheoryData<string> Spellings =>
    [
        Uri,
        Uri.Replace("/", "\\/", StringComparison.Ordinal),
        Uri.Replace("/", "\\u002F", StringComparison.Ordinal).Replace("+", "\\u002b", StringComparison.Ordinal),
        "  " + Uri.Insert(5000, "\\r\\n").Insert(9000, " "),
        Uri.Replace("+", "%2B", StringComparison.Ordinal).Replace("=", "%3d", StringComparison.Ordinal),
        "DATA:;BASE64," + Uri.Split(',')[1],
        "data:image/jpeg," + string.Concat(Service.Dogs.Select(one => $"%{one:X2}")),
    ];

    [Theory]
    [MemberData(nameof(Spellings))]
    public async Task DataUri_HoweverWritten_IsTheImage(string uri)
    {
        await using Service service = await Service.StartAsync();
        string ask = $$"""{"question":"{{Service.HowMany}}","image":"{{uri}}"}""";
        Assert.Equal("2", (await service.PostAsync("/api/ask", Service.Json(ask))).GetProperty("answer").GetString());
        JsonElement kept = await service.PostAsync("/api/images", Service.Json($$"""{"image":"{{uri}}"}"""), 201);
        Assert.True(service.Services.GetRequiredService<ImageStore>().TryGet(kept.GetProperty("handle").GetString()!, out var bytes));
        Assert.Equal(Service.Dogs, bytes.ToArray());
        string chat = """
            {"messages":[{"role":"user","content":[{"type":"text","text":"QUESTION"},{"type":"image_url","image_url":{"url":"URI"}}]}]}
            """.Replace("URI", uri, StringComparison.Ordinal).Replace("QUESTION", Service.HowMany, StringComparison.Ordinal);
        JsonElement completion = await service.PostAsync("/v1/chat/completions", Service.Json(chat));
        Assert.Equal("2", completion.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Theory]
    [InlineData("\\u00e9", "invalid_request")]
    [InlineData("\\q", "invalid_request")]
    [InlineData("\n", "invalid_request")]
    [InlineData("*", "invalid_request")]
    [InlineData("%4", "invalid_request")]
    [InlineData("\u00e9", "invalid_request")]
    public async Task DataUri_WithWhatItCannotHave_IsRefused(string inserted, string code)
    {
        await using Service service = await Service.StartAsync(warm: false);
        string ask = $$"""{"image":"{{Uri.Insert(Uri.Length - 3, inserted)}}","question":"a"}""";
        using HttpResponseMessage response = await service.Http.PostAsync(new Uri("/api/ask", UriKind.Relative), Service.Json(ask));
        await Service.ReadProblemAsync(response, 400, code);
    }

    [Fact]
    public async Task NameOfATakenImage_FromACaller_IsNoImageOfAnother()
    {
        await using Service service = await Service.StartAsync();
        foreach (string name in (string[])["data:blip/body,0", "data:blip/body,-1", "data:blip/body,", "data:blip/body,99999999999"])
        {
            string ask = $$"""{"image":"{{name}}","question":"a"}""";
            using HttpResponseMessage response = await service.Http.PostAsync(new Uri("/api/ask", UriKind.Relative), Service.Json(ask));
            Assert.InRange((int)response.StatusCode, 400, 415);
        }
    }

    [Theory]
    [InlineData("/api/ask", "application/json", """{"image":"https://example.com/a.jpg","question":""" + "\"", 413)]
    [InlineData("/api/ask", "application/json", """{"image":"data:,a","question":"data:""", 413)]
    [InlineData("/api/ask", "application/json", """{"x":[""" + "\"", 413)]
    [InlineData("/v1/chat/completions", "application/json", """{"messages":[{"role":"user","content":""" + "\"", 413)]
    [InlineData("/mcp", "application/json", """{"jsonrpc":"2.0","id":1,"params":{"arguments":{"question":""" + "\"", 413)]
    [InlineData("/api/ask", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=question\r\n\r\n", 422)]
    [InlineData("/api/ask", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=image\r\n\r\n", 400)]
    public async Task Text_OfTwentyMegabytes_IsRefusedBeforeItHasCome(string path, string type, string start, int status)
    {
        await using Service service = await Service.StartAsync(warm: false);
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, service.Address.Port);
        await SendHeadAsync(client, path, type, 20 << 20);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(start + new string('a', 1100 << 10)));
        Assert.StartsWith(FormattableString.Invariant($"HTTP/1.1 {status} "), await ReadLineAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_OfMoreValuesThanARequestNeeds_IsRefused()
    {
        await using Service service = await Service.StartAsync(warm: false);
        string ask = "{\"questions\":[" + string.Concat(Enumerable.Repeat("0,", 100_000)) + "0]}";
        using HttpResponseMessage response = await service.Http.PostAsync(new Uri("/api/ask", UriKind.Relative), Service.Json(ask));
        await Service.ReadProblemAsync(response, 413, "request_too_large");
    }

    [Theory]
    [InlineData("/api/ask", """{"image":"x","question":"q","im\u0061ge":"y"}""", "'image' appears twice")]
    [InlineData("/api/images", """{"image":"x","im\u001b[2J":1,"im\u001b[2J":2}""", "'im\\\\u001b[2J' appears twice")]
    [InlineData("/v1/chat/completions", """{"n":1,"messages":[{"n":2,"role":"a"},{"role":"a","role":"b"}]}""", "'role' appears twice")]
    [InlineData("/v1/responses", """{"input":[],"metadata":{"":"a","":"b"}}""", "'' appears twice")]
    [InlineData("/api/chat", """{"model":"demo","options":{"seed":1,"seed":1}}""", "'seed' appears twice")]
    [InlineData("/api/ask", """{"\ud800":1,"image":"x","image":"y"}""", "name")]
    public async Task Json_WithANameTwice_IsToldWhich(string path, string json, string expected)
    {
        await using Service service = await Service.StartAsync(warm: false);
        using HttpResponseMessage response = await service.Http.PostAsync(new Uri(path, UriKind.Relative), Service.Json(json));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        using JsonDocument error = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Contains(expected, error.RootElement.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    public void BodyText_InPieces_FindsTheSameImages(int piece)
    {
        string image = "data:image/png;base64," + new string('A', 6000) + "\\\\\\\"\\/", plain = new('B', 5000);
        byte[] body = Encoding.UTF8.GetBytes(
            $$"""{"a\"b":"{{plain}}","image" : "{{image}}","url":"x","images":["{{plain}}","short"],"text":"data:,{{plain}}"}""");
        BodyText text = new();
        for (int come = 0; come < body.Length; come += piece)
            text.Follow(body.AsSpan(0, Math.Min(body.Length, come + piece)));
        List<string> taken = [];
        byte[] rest = text.Extract(body, found =>
        {
            taken.Add(Encoding.UTF8.GetString(found.Span));
            return $"taken-{taken.Count}";
        });
        Assert.Equal([image, plain], taken);
        Assert.Equal(
            $$"""{"a\"b":"{{plain}}","image" : "taken-1","url":"x","images":["taken-2","short"],"text":"data:,{{plain}}"}""",
            Encoding.UTF8.GetString(rest));
    }

    [Fact]
    public async Task Bodies_BeyondTheBudget_Get429_AndSmallOnesAreAnswered()
    {
        using HeldDecoder decoder = new(Large.Length);
        await using Service service = await Service.StartAsync(
            o => o.MaxBodyBytesInFlight = LeastBudget, services: s => s.AddSingleton<IImageDecoder>(decoder));
        Task<JsonElement> first = service.PostAsync("/api/ask", Service.Form(Large, Service.HowMany));
        await decoder.Waiting.WaitAsync(TimeSpan.FromSeconds(30));
        Task<HttpResponseMessage> second = service.Http.PostAsync(new Uri("/api/ask", UriKind.Relative), Service.Form(Large, "a"));
        foreach (HttpContent small in (HttpContent[])
            [Service.Form(Service.Dogs, Service.HowMany), Service.Json($$"""{"image":"{{Uri}}","question":"{{Service.HowMany}}"}""")])
            Assert.Equal("2", (await service.PostAsync("/api/ask", small)).GetProperty("answer").GetString());
        using HttpResponseMessage refused = await second;
        await Service.ReadProblemAsync(refused, 429, "busy");
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 120);
        decoder.Open();
        Assert.Equal("2", (await first).GetProperty("answer").GetString());
        Assert.Equal(
            "2", (await service.PostAsync("/api/ask", Service.Form(Large, Service.HowMany))).GetProperty("answer").GetString());
    }

    [Fact]
    public async Task SlowBody_WhileAnotherWaits_GivesWay()
    {
        await using Service service = await Service.StartAsync(o => o.MaxBodyBytesInFlight = LeastBudget);
        using TcpClient slow = new();
        await slow.ConnectAsync(IPAddress.Loopback, service.Address.Port);
        await SendHeadAsync(slow, "/api/ask?question=a", "image/jpeg", Large.Length);
        await slow.GetStream().WriteAsync(Large.AsMemory(0, 1 << 20));
        using CancellationTokenSource answered = new();
        Task trickle = Task.Run(async () =>
        {
            // Faster than the rate at which the server itself gives up.
            for (int at = 1 << 20; !answered.IsCancellationRequested; at += 1000)
            {
                await slow.GetStream().WriteAsync(Large.AsMemory(at, 1000));
                await Task.Delay(500);
            }
        });
        Task<string> refusal = ReadLineAsync(slow);
        // On a busy machine the other body may come first, and have nothing to wait for.
        do
        {
            Assert.Equal(
                "2", (await service.PostAsync("/api/ask", Service.Form(Large, Service.HowMany))).GetProperty("answer").GetString());
        }
        while (!refusal.IsCompleted);
        Assert.StartsWith("HTTP/1.1 408 ", await refusal, StringComparison.Ordinal);
        await answered.CancelAsync();
        await trickle;
    }

    [Fact]
    public async Task ClientThatLeavesInItsBody_GivesTheMemoryBack()
    {
        await using Service service = await Service.StartAsync(o => o.MaxBodyBytesInFlight = LeastBudget);
        for (int i = 0; i < 3; i++)
        {
            using TcpClient client = new();
            await client.ConnectAsync(IPAddress.Loopback, service.Address.Port);
            await SendHeadAsync(client, "/api/ask?question=a", "image/jpeg", Large.Length);
            await client.GetStream().WriteAsync(Large.AsMemory(0, 1 << 20));
        }
        using CancellationTokenSource soon = new(TimeSpan.FromSeconds(5));
        using HttpResponseMessage answer = await service.Http.PostAsync(
            new Uri("/api/ask", UriKind.Relative), Service.Form(Large, Service.HowMany), soon.Token);
        Assert.Equal("2", (await Service.ReadAsync(answer)).GetProperty("answer").GetString());
    }

    [Fact]
    public async Task Body_WithoutALength_GrowsToTheLargest()
    {
        await using Service service = await Service.StartAsync();
        byte[] largest = PaddedJpeg.Create(Service.Dogs, 20 << 20);
        HttpContent[] bodies =
        [
            Service.Image(largest),
            Service.Json($$"""{"image":"data:;base64,{{Convert.ToBase64String(largest)}}","question":"{{Service.HowMany}}"}"""),
            Service.Form(largest, Service.HowMany),
        ];
        foreach (HttpContent body in bodies)
        {
            string path = body is MultipartFormDataContent or StringContent
                ? "/api/ask"
                : "/api/ask?question=" + System.Uri.EscapeDataString(Service.HowMany);
            using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = body };
            request.Headers.TransferEncodingChunked = true;
            using HttpResponseMessage response = await service.Http.SendAsync(request);
            Assert.Equal("2", (await Service.ReadAsync(response)).GetProperty("answer").GetString());
        }
    }

    private static async Task SendHeadAsync(TcpClient client, string path, string type, int length) =>
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(FormattableString.Invariant(
            $"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {type}\r\nContent-Length: {length}\r\n")
            + "Accept: application/json, text/event-stream\r\n\r\n"));

    private static async Task<string> ReadLineAsync(TcpClient client)
    {
        using StreamReader reader = new(client.GetStream(), leaveOpen: true);
        return await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)) ?? "";
    }

    /// <summary>A decoder that holds files of one size until it is opened.</summary>
    private sealed class HeldDecoder(int length) : IImageDecoder, IDisposable
    {
        private readonly SkiaImageDecoder _real = new();
        private readonly ManualResetEventSlim _open = new();
        private readonly TaskCompletionSource _waiting = new();

        public Task Waiting => _waiting.Task;

        public void Open() => _open.Set();

        public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
        {
            if (data.Length == length)
            {
                _waiting.TrySetResult();
                _open.Wait(cancellationToken);
            }
            _real.Decode(data, header, rows, cancellationToken);
        }

        public void Dispose() => _open.Dispose();
    }
}
