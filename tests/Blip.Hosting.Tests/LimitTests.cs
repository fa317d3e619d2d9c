using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Blip.AI;
using Blip.AI.Images;
using Blip.Hosting.Health;
using Blip.Hub;
using Blip.Images;
using Blip.Skia;
using Blip.Tests;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>Limits of size and time, the queue, and callers that disconnect.</summary>
public sealed class LimitTests
{
    private static readonly Uri Ask = new("/api/ask", UriKind.Relative);

    [Fact]
    public async Task Body_TooLarge_IsRefusedBeforeItIsSent()
    {
        await using Service service = await Service.StartAsync(options => options.MaxRequestBytes = 4096, warm: false);
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, service.Address.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            "POST /api/ask?question=a HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: 100000000\r\n\r\n"));
        using StreamReader reader = new(client.GetStream());
        Assert.Equal("HTTP/1.1 413 Payload Too Large", await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(5)));
    }

    [Theory]
    [InlineData("image/jpeg", "image_too_large")]
    [InlineData("application/json", "request_too_large")]
    public async Task Body_TooLargeWithoutALength_IsCutOff(string type, string code)
    {
        await using Service service = await Service.StartAsync(
            options => options.MaxRequestBytes = 1 << 20,
            services: s => s.Configure<ImageSourceOptions>(o => o.MaxBytes = 1 << 19),
            warm: false);
        byte[] body = new byte[(1 << 19) + (type == "image/jpeg" ? 1 : 1 << 20)];
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/ask?question=a") { Content = Service.Image(body, type) };
        request.Headers.TransferEncodingChunked = true;
        using HttpResponseMessage response = await service.Http.SendAsync(request);
        await Service.ReadProblemAsync(response, 413, code);
    }

    [Fact]
    public async Task Image_TooLarge_IsRefusedInEveryForm()
    {
        await using Service service = await Service.StartAsync(
            services: s => s.Configure<ImageSourceOptions>(o => o.MaxBytes = 10_000), warm: false);
        string dataUri = "data:image/jpeg;base64," + Convert.ToBase64String(Service.Dogs);
        HttpContent[] forms =
        [
            Service.Form(Service.Dogs, "a"),
            Service.Image(Service.Dogs),
            Service.Json(JsonSerializer.Serialize(new { image = dataUri, question = "a" })),
        ];
        foreach (HttpContent content in forms)
        {
            using HttpResponseMessage response = await service.Http.PostAsync(Ask, content);
            await Service.ReadProblemAsync(response, 413, "image_too_large");
        }
    }

    [Fact]
    public async Task Image_TooManyPixels_IsRefused()
    {
        await using Service service = await Service.StartAsync(
            configureModel: o => o.Image = o.Image with { Limits = new ImageLimits { MaxPixels = 1000 } });
        foreach (string path in (string[])["/api/ask?question=a", "/api/images"])
        {
            using HttpResponseMessage response = await service.Http.PostAsync(new Uri(path, UriKind.Relative), Service.Image(Service.Dogs));
            await Service.ReadProblemAsync(response, 422, "too_many_pixels");
        }
    }

    [Fact]
    public async Task Time_RunsOut_IsATimeout()
    {
        await using Service service = await Service.StartAsync(
            options => options.RequestTimeout = TimeSpan.FromSeconds(1),
            services: s => s.AddSingleton<IImageDecoder>(new SlowDecoder(TimeSpan.FromSeconds(3))));
        long start = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await service.Http.PostAsync(Ask, Service.Form(Service.Dogs, "a"));
        await Service.ReadProblemAsync(response, 504, "timeout");
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0.9, 2.5);
    }

    [Fact]
    public async Task Model_StillLoading_Is503WithRetryAfter()
    {
        // This hub accepts the connection and never answers.
        using TcpListener hub = new(IPAddress.Loopback, 0);
        hub.Start();
        await using Service service = await Service.StartAsync(
            options => options.LoadPatience = TimeSpan.FromMilliseconds(100),
            o =>
            {
                o.Model = "someone/a-model";
                o.Hub = new HubOptions
                {
                    Endpoint = new Uri($"http://{hub.LocalEndpoint}"),
                    CacheFolder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()),
                };
            },
            warm: false);
        using HttpResponseMessage ready = await service.Http.GetAsync(new Uri("/health/ready", UriKind.Relative));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        using HttpResponseMessage live = await service.Http.GetAsync(new Uri("/health/live", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        using HttpResponseMessage response = await service.Http.PostAsync(Ask, Service.Form(Service.Dogs, "a"));
        await Service.ReadProblemAsync(response, 503, "model_loading");
        Assert.True(response.Headers.RetryAfter!.Delta > TimeSpan.Zero);
    }

    [Fact]
    public async Task Package_Missing_IsNamedByHealthAnswersAndTools()
    {
        await using Service service = await Service.StartAsync(
            services: s => s.AddSingleton<IImageDecoder>(new MissingDecoder()), warm: false);
        await service.Services.GetRequiredService<BlipWarmUp>().FirstTry.ContinueWith(_ => { }, TaskScheduler.Default);
        using HttpResponseMessage ready = await service.Http.GetAsync(new Uri("/health/ready", UriKind.Relative));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal($"Unhealthy: {MissingDecoder.Message}", await ready.Content.ReadAsStringAsync());
        using HttpResponseMessage response = await service.Http.PostAsync(Ask, Service.Form(Service.Dogs, "a"));
        Assert.Equal(MissingDecoder.Message, await Service.ReadProblemAsync(response, 500, "package_missing"));
        ImageAnswer answer = await service.Services.CreateScope().ServiceProvider.GetRequiredService<BlipTools>()
            .AskImageAsync($"data:image/jpeg;base64,{Convert.ToBase64String(Service.Dogs)}", "a");
        Assert.Equal(("package_missing", MissingDecoder.Message), (answer.Error!.Code, answer.Error.Message));
    }

    private sealed class MissingDecoder : IImageDecoder
    {
        public const string Message = "A library is missing. Add the package Some.Package.";

        public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken) =>
            throw new BlipException(BlipErrorCode.PackageMissing, Message);
    }

    [Fact]
    public async Task Model_Broken_IsAServerErrorThatDoesNotNameTheFolder()
    {
        await using Service service = await Service.StartAsync(configureModel: o => o.Model = TestPaths.Golden("images"), warm: false);
        using HttpResponseMessage response = await service.Http.PostAsync(Ask, Service.Form(Service.Dogs, "a"));
        Assert.DoesNotContain("images", await Service.ReadProblemAsync(response, 500, "model_not_found"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Queue_Full_Is429WithRetryAfter_AndCallersThatDisconnectFreeTheirPlaces()
    {
        using SlowDecoder decoder = new(TimeSpan.FromMinutes(1));
        await using Service service = await Service.StartAsync(
            configureModel: o => o.MaxRequests = 2, services: s => s.AddSingleton<IImageDecoder>(decoder));
        using CancellationTokenSource gone = new();
        Task[] disconnecting =
            [.. Enumerable.Range(0, 2).Select(_ => service.Http.PostAsync(Ask, Service.Form(Service.Dogs, "a"), gone.Token))];
        await decoder.WaitForAsync(2);

        using HttpResponseMessage refused = await service.Http.PostAsync(Ask, Service.Form(Service.Dogs, "a"));
        await Service.ReadProblemAsync(refused, 429, "busy");
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 120);

        await gone.CancelAsync();
        decoder.Open();
        foreach (Task task in disconnecting)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        // The places are free as soon as the server notices that the callers have disconnected.
        for (int attempt = 0; ; attempt++)
        {
            using HttpResponseMessage answered = await service.Http.PostAsync(Ask, Service.Form(Service.Dogs, Service.HowMany));
            if (answered.StatusCode != HttpStatusCode.TooManyRequests || attempt == 100)
            {
                Assert.Equal("2", (await Service.ReadAsync(answered)).GetProperty("answer").GetString());
                break;
            }
            await Task.Delay(20);
        }
    }

    [Fact]
    public async Task Queue_McpCallersThatDisconnect_FreeTheirPlaces()
    {
        using SlowDecoder decoder = new(TimeSpan.FromMinutes(1));
        await using Service service = await Service.StartAsync(
            configureModel: o => o.MaxRequests = 2, services: s => s.AddSingleton<IImageDecoder>(decoder));
        using CancellationTokenSource gone = new();
        Task[] disconnecting = [.. Enumerable.Range(0, 2).Select(_ => CallAsync())];
        await decoder.WaitForAsync(2);
        await gone.CancelAsync();
        foreach (Task task in disconnecting)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        // The decoder stays closed until a place is free, so what frees it is that the callers are gone.
        for (int attempt = 0; attempt < 500 && decoder.Ended < 2; attempt++)
            await Task.Delay(20);
        Assert.Equal(2, decoder.Ended);
        decoder.Open();
        using HttpResponseMessage answered = await service.Http.PostAsync(Ask, Service.Form(Service.Dogs, Service.HowMany));
        Assert.Equal("2", (await Service.ReadAsync(answered)).GetProperty("answer").GetString());

        async Task CallAsync()
        {
            string call = $$$$"""
                {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask_image","arguments":
                {"image":"data:image/jpeg;base64,{{{{Convert.ToBase64String(Service.Dogs)}}}}","question":"a"}}}
                """;
            using HttpRequestMessage request = new(HttpMethod.Post, "/mcp") { Content = Service.Json(call) };
            request.Headers.Accept.ParseAdd("application/json, text/event-stream");
            using HttpResponseMessage response = await service.Http.SendAsync(request, gone.Token);
        }
    }

    /// <summary>A decoder that waits until it is opened, or until the delay is over.</summary>
    private sealed class SlowDecoder(TimeSpan delay) : IImageDecoder, IDisposable
    {
        private readonly SkiaImageDecoder _real = new();
        private readonly ManualResetEventSlim _open = new();
        private int _waiting;
        private int _ended;

        /// <summary>How many no longer wait.</summary>
        public int Ended => Volatile.Read(ref _ended);

        public void Open() => _open.Set();

        public async Task WaitForAsync(int callers)
        {
            while (Volatile.Read(ref _waiting) < callers)
                await Task.Delay(10);
        }

        public void Decode(ReadOnlyMemory<byte> data, ImageHeader header, IPixelRows rows, CancellationToken cancellationToken)
        {
            // The warm-up's image has one pixel, and no caller.
            if (header.Width > 1)
            {
                Interlocked.Increment(ref _waiting);
                try
                {
                    _open.Wait(delay, cancellationToken);
                }
                finally
                {
                    Interlocked.Increment(ref _ended);
                }
            }
            _real.Decode(data, header, rows, cancellationToken);
        }

        public void Dispose() => _open.Dispose();
    }
}
