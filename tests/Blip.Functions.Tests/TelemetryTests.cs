using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Blip.Functions.Host;
using Blip.Functions.Tests.Otlp;
using Blip.Tests;
using Xunit;

namespace Blip.Functions.Tests;

/// <summary>The worker and <c>blip serve</c> send to a collector what docs/service.md names.</summary>
[Trait("Category", "Long")]
public sealed class TelemetryTests(PublishedApp app)
{
    private static readonly string[] SpansOfAQuestion = ["decode", "encode", "generate_content demo", "question", "search"];

    private static readonly string[] Measured =
    [
        "blip.batch.size", "blip.decode.duration", "blip.image.decode.duration", "blip.image_cache.requests", "blip.image_cache.size",
        "blip.images.native", "blip.question.duration", "blip.queue.duration", "blip.queue.length", "blip.vision.duration",
        "gen_ai.server.request.duration", "gen_ai.server.time_per_output_token",
    ];

    [Fact]
    public async Task Serve_WithAnEndpoint_SendsSpansMetricsAndLogs()
    {
        await using Collector collector = await Collector.StartAsync();
        await using ServeProcess serve = await ServeProcess.StartAsync(collector.Settings);
        using (HttpResponseMessage ready = await serve.Http.GetAsync(new Uri("/health/ready", UriKind.Relative)))
            Assert.True(ready.IsSuccessStatusCode);
        await AskAsync(serve.Http);
        (string Scope, Span Span)[] trace = await TraceAsync(collector);
        Span request = Assert.Single(trace, span => span.Scope == "Microsoft.AspNetCore").Span;
        Assert.Equal(("POST /api/ask", "/api/ask"), (request.Name, TextOf(request, "url.path")));
        Assert.DoesNotContain(collector.Spans, span => TextOf(span.Span, "url.path").StartsWith("/health", StringComparison.Ordinal));
        await CheckAsync(collector, "blip");
        if (Environment.GetEnvironmentVariable("BLIP_TRACE_PICTURE") is { Length: > 0 } file)
            await TracePicture.WriteAsync(file, [.. trace.Select(span => span.Span)]);
    }

    [Fact]
    public async Task Worker_WithAnEndpoint_SendsSpansMetricsAndLogs()
    {
        await using Collector collector = await Collector.StartAsync();
        await using FunctionsHost host = await app.StartAsync([.. collector.Settings, ("OTEL_SERVICE_NAME", "eyes")]);
        using HttpClient http = new() { BaseAddress = host.Address };
        await AppTests.ReadyAsync(http);
        await AskAsync(http);
        (string Scope, Span Span)[] trace = await TraceAsync(collector);
        Assert.Contains(trace, span => span.Scope == "Microsoft.Azure.Functions.Worker");
        await CheckAsync(collector, "eyes");

        // A caller that goes away is no failed call, neither for the platform nor in the trace.
        await Task.WhenAll(Enumerable.Range(0, 30).Select(async i =>
        {
            using CancellationTokenSource leave = new(i * 2);
            using HttpRequestMessage request = Question(await File.ReadAllBytesAsync(TestPaths.Sample("dogs.jpg")));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => http.SendAsync(request, leave.Token));
        }));
        await AskAsync(http);
        await Task.Delay(1000);
        Assert.Empty(host.FailedCalls);
        Assert.DoesNotContain(collector.Spans, span => span.Scope == "Microsoft.Azure.Functions.Worker" && span.Span.Status?.Code == 2);
    }

    [Theory]
    [InlineData("grpc", "serve")]
    [InlineData("http/protobuf", "serve")]
    [InlineData("grpc", "worker, SIGTERM")]
    [InlineData("http/protobuf", "worker, told")]
    public async Task Collector_Silent_DelaysNeitherAnswersNorTheEnd(string protocol, string which)
    {
        // It takes connections, and never says a word.
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        (string, string)[] settings =
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://{silent.LocalEndpoint}"), ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"), ("OTEL_BLRP_SCHEDULE_DELAY", "100"), ("OTEL_METRIC_EXPORT_INTERVAL", "200"),
        ];
        await using ServeProcess? serve = which == "serve" ? await ServeProcess.StartAsync(settings) : null;
        await using FunctionsHost? host = which == "serve" ? null : await app.StartAsync(settings);
        using HttpClient http = new() { BaseAddress = serve?.Http.BaseAddress ?? host!.Address };
        await AppTests.ReadyAsync(http);
        await AskAsync(http);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < 20; i++)
            await AskAsync(http);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 5);

        start = Stopwatch.GetTimestamp();
        if (which == "worker, told")
            await host!.TerminateAsync();
        else
        {
            Process process = serve?.Process ?? host!.Process;
            using Process kill = Process.Start("kill", $"{process.Id}");
            using CancellationTokenSource limit = new(TimeSpan.FromSeconds(30));
            await process.WaitForExitAsync(limit.Token);
        }
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        TestContext.Current.TestOutputHelper?.WriteLine($"ended in {seconds:0.0} s");
        Assert.InRange(seconds, 0, 8);
    }

    [Fact]
    public async Task Collector_ThatIsNoAddress_IsRefusedAtTheStart()
    {
        InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(
            () => app.StartAsync(("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")));
        Assert.Contains("OTEL_EXPORTER_OTLP_ENDPOINT is not an address", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>The spans of the trace that has the answered question.</summary>
    private static async Task<(string Scope, Span Span)[]> TraceAsync(Collector collector)
    {
        Span? ask = null;
        await Collector.UntilAsync(() =>
            (ask = collector.Spans.FirstOrDefault(span => TextOf(span.Span, "gen_ai.operation.name") == "generate_content"
                && !span.Span.ParentSpanId.IsEmpty).Span) is not null);
        Assert.NotNull(ask);
        Assert.Equal(("blip", "demo"), (TextOf(ask, "gen_ai.provider.name"), TextOf(ask, "gen_ai.request.model")));
        (string Scope, Span Span)[] trace = [];
        await Collector.UntilAsync(() =>
            (trace = [.. collector.Spans.Where(span => span.Span.TraceId == ask.TraceId)]).Length > SpansOfAQuestion.Length);
        Assert.Equal(
            SpansOfAQuestion, trace.Where(span => span.Scope == "Blip").Select(span => span.Span.Name).Order(StringComparer.Ordinal));
        return trace;
    }

    private static async Task CheckAsync(Collector collector, string service)
    {
        await Collector.UntilAsync(() => Measured.All(collector.Metrics.ContainsKey) && !collector.Logs.IsEmpty);
        Assert.All(Measured, name => Assert.Contains(name, collector.Metrics.Keys));
        Assert.Contains(collector.Logs, log => log.StartsWith("The demo model answers.", StringComparison.Ordinal));
        Assert.Equal([service], collector.Services.Keys);
    }

    private static async Task AskAsync(HttpClient http)
    {
        using HttpRequestMessage request = Question(await File.ReadAllBytesAsync(TestPaths.Sample("dogs.jpg")));
        using HttpResponseMessage response = await http.SendAsync(request);
        Assert.Contains("\"answer\":\"2\"", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static HttpRequestMessage Question(byte[] image) =>
        new(HttpMethod.Post, "/api/ask?question=how+many+dogs+are+in+the+picture%3F")
        {
            Content = new ByteArrayContent(image) { Headers = { ContentType = new MediaTypeHeaderValue("image/jpeg") } },
        };

    private static string TextOf(Span span, string attribute) =>
        span.Attributes.FirstOrDefault(each => each.Key == attribute)?.Value.Text ?? "";
}
