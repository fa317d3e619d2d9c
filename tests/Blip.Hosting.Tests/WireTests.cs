using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>Whatever a caller sends: the answer is a problem document with the right status.</summary>
public sealed class WireTests(SharedService shared) : IClassFixture<SharedService>
{
    private Service Service => shared.Service;

    [Theory]
    [InlineData("GET", "/nope", 404, "text/html")]
    [InlineData("GET", "/nope", 404, "text/event-stream")]
    [InlineData("GET", "/api/ask", 405, "text/html")]
    [InlineData("GET", "/mcp", 405, "text/event-stream")]
    public async Task Routing_RefusesWithAProblem_WhateverIsAccepted(string method, string path, int status, string accept)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path) { Headers = { { "Accept", accept } } };
        using HttpResponseMessage response = await Service.Http.SendAsync(request);
        await Service.ReadProblemAsync(response, status, "invalid_request");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("text/plain")]
    [InlineData("application/json; charset=latin1")]
    public async Task Mcp_OtherContentTypes_Are415WithAReason(string? type)
    {
        using ByteArrayContent body = new("{}"u8.ToArray());
        if (type is not null)
            body.Headers.TryAddWithoutValidation("Content-Type", type);
        using HttpRequestMessage request = new(HttpMethod.Post, "/mcp") { Content = body };
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        using HttpResponseMessage response = await Service.Http.SendAsync(request);
        Assert.NotEmpty(await Service.ReadProblemAsync(response, 415, "unsupported_media_type"));
    }

    [Theory]
    [InlineData("gzip", "gzip")]
    [InlineData("br", "br")]
    [InlineData("GZIP", "(Content-Encoding: gzip)")]
    [InlineData("X-Gzip", "(Content-Encoding: gzip)")]
    [InlineData("gzip, gzip", "(Content-Encoding: gzip)")]
    [InlineData("identity, Br,gzip", "(Content-Encoding: br, gzip)")]
    [InlineData("banana", "This Content-Encoding")]
    [InlineData("gzip, banana", "This Content-Encoding")]
    public async Task ContentEncoding_IsRefusedByName(string encoding, string expected)
    {
        using HttpContent body = Service.Json("{}");
        body.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        using HttpResponseMessage response = await Service.Http.PostAsync(new Uri("/api/ask", UriKind.Relative), body);
        Assert.Contains(expected, await Service.ReadProblemAsync(response, 415, "unsupported_media_type"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Titles_AreThoseOfTheDescription()
    {
        using HttpResponseMessage large = await Service.Http.PostAsync(
            new Uri("/api/ask?question=a", UriKind.Relative), Service.Image(new byte[21 << 20]));
        Assert.Equal((413, "Content Too Large"), await TitleAsync(large));
        using HttpResponseMessage cut = await Service.Http.PostAsync(
            new Uri("/api/ask?question=a", UriKind.Relative), Service.Image(Service.Dogs[..9000]));
        Assert.Equal((422, "Unprocessable Content"), await TitleAsync(cut));

        static async Task<(int, string?)> TitleAsync(HttpResponseMessage response)
        {
            using JsonDocument problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            return ((int)response.StatusCode, problem.RootElement.GetProperty("title").GetString());
        }
    }

    [Fact]
    public async Task Multipart_ImageWithoutAFileName_IsToldToGiveOne()
    {
        MultipartFormDataContent form = new() { { Service.Image(Service.Dogs), "image" }, { new StringContent("a"), "question" } };
        using HttpResponseMessage response = await Service.Http.PostAsync(new Uri("/api/ask", UriKind.Relative), form);
        Assert.Contains("filename", await Service.ReadProblemAsync(response, 400, "invalid_request"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/ask")]
    [InlineData("/api/images")]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/responses")]
    [InlineData("/mcp")]
    public async Task ChunkSize_ThatOverflows_Is400(string path)
    {
        string status = await SendRawAsync(
            $"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
            + "Accept: application/json, text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", status, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Body_BelowTheLeastRate_Is408()
    {
        string status = await SendRawAsync(
            "POST /api/ask HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
            + "Content-Length: 100000\r\n\r\n{");
        Assert.StartsWith("HTTP/1.1 408 ", status, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(413, null)]
    [InlineData(401, "secret")]
    [InlineData(415, null)]
    public async Task Refusal_ReachesAClientThatSendsEverythingFirst(int status, string? key)
    {
        await using Service service = await Service.StartAsync(options => options.ApiKey = key, warm: false);
        int length = status == 413 ? 40 << 20 : 20 << 20;
        string head = "POST /api/ask?question=a HTTP/1.1\r\nHost: localhost\r\n"
            + (status == 415 ? "Content-Encoding: gzip\r\n" : "")
            + FormattableString.Invariant($"Content-Type: image/jpeg\r\nContent-Length: {length}\r\n\r\n");
        for (int i = 0; i < 5; i++)
        {
            using TcpClient client = new();
            await client.ConnectAsync(IPAddress.Loopback, service.Address.Port);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head));
            await client.GetStream().WriteAsync(new byte[length]);
            using StreamReader reader = new(client.GetStream());
            string line = await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)) ?? "";
            Assert.StartsWith(FormattableString.Invariant($"HTTP/1.1 {status} "), line, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("length")]
    [InlineData("chunks")]
    public async Task RefusedBody_IsReadOn(string sends)
    {
        await using Service service = await Service.StartAsync(options => options.MaxRequestBytes = 1 << 20, warm: false);
        using HttpContent image = Service.Image(new byte[25 << 20]);
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/ask?question=a") { Content = image };
        request.Headers.TransferEncodingChunked = sends == "chunks";
        using HttpResponseMessage response = await service.Http.SendAsync(request);
        await Service.ReadProblemAsync(response, 413, "request_too_large");
    }

    [Theory]
    [InlineData("/api/ask?question=a", "image/jpeg", 499)]
    [InlineData("/api/ask", "application/json", 499)]
    [InlineData("/api/ask", "multipart/form-data; boundary=b", 499)]
    [InlineData("/api/images", "image/jpeg", 499)]
    [InlineData("/api/chat", "application/json", 499)]
    [InlineData("/v1/chat/completions", "application/json", 499)]
    [InlineData("/mcp", "application/json", 499)]
    [InlineData("/api/ask", "application/json\r\nContent-Encoding: gzip", 415)]
    public async Task CallerThatResetsItsConnectionInItsBody_HasLeft_AndIsNoError(string path, string type, int status)
    {
        using WarningLog log = new();
        Service service = await Service.StartAsync(services: all => all.AddSingleton<ILoggerProvider>(log), warm: false);
        await using (service)
        {
            Channel<int> statuses = Channel.CreateUnbounded<int>();
            using MeterListener listener = ListenToStatuses(service, statuses.Writer);
            foreach (int sent in (int[])[0, 1000])
            {
                // With a linger time of zero a closed socket resets its connection. (The client's own Close would shut it down first.)
                using TcpClient client = new() { LingerState = new LingerOption(enable: true, seconds: 0) };
                await client.ConnectAsync(IPAddress.Loopback, service.Address.Port);
                await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                    $"POST {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/event-stream\r\n"
                    + $"Content-Type: {type}\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n"));
                // The first line comes when the body is read, or refused.
                using StreamReader reader = new(client.GetStream());
                string line = await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)) ?? "";
                Assert.StartsWith(status == 499 ? "HTTP/1.1 100 " : "HTTP/1.1 415 ", line, StringComparison.Ordinal);
                await client.GetStream().WriteAsync(new byte[sent]);
                client.Client.Close();
                Assert.Equal(status, await statuses.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30)));
            }
        }
        // The server logs what it cannot read on only after it has counted the request: so this is checked after its end.
        Assert.DoesNotContain(log.Entries, entry =>
            entry.Category.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)
            || entry.Category.EndsWith(nameof(EndpointGuard), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/openapi/v1.json")]
    [InlineData("/v1/models")]
    [InlineData("/v1/models/demo")]
    [InlineData("/")]
    public async Task Head_IsWhereGetIs(string path)
    {
        using HttpRequestMessage request = new(HttpMethod.Head, path);
        using HttpResponseMessage response = await Service.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(response.Content.Headers.ContentLength > 0);
    }

    /// <summary>Writes the status of each request of one service as its metrics count it.</summary>
    private static MeterListener ListenToStatuses(Service service, ChannelWriter<int> statuses)
    {
        object meters = service.Services.GetRequiredService<IMeterFactory>();
        MeterListener listener = new()
        {
            InstrumentPublished = (instrument, all) =>
            {
                if (instrument.Name == "http.server.request.duration" && instrument.Meter.Scope == meters)
                    all.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            foreach ((string name, object? value) in tags)
            {
                if (name == "http.response.status_code")
                    statuses.TryWrite((int)value!);
            }
        });
        listener.Start();
        return listener;
    }

    private async Task<string> SendRawAsync(string request)
    {
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, Service.Address.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        using StreamReader reader = new(client.GetStream());
        return await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)) ?? "";
    }
}
