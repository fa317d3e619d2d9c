using System.Collections.Concurrent;
using Blip.Functions.Tests.Otlp;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Blip.Functions.Tests;

/// <summary>An OpenTelemetry collector on this machine: takes spans, metrics and logs by OTLP over HTTP.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Collector(WebApplication app) => _app = app;

    /// <summary>Each span with the scope that made it.</summary>
    public ConcurrentQueue<(string Scope, Span Span)> Spans { get; } = [];

    public ConcurrentDictionary<string, bool> Metrics { get; } = [];

    public ConcurrentQueue<string> Logs { get; } = [];

    public ConcurrentDictionary<string, bool> Services { get; } = [];

    /// <summary>What makes a process send here, without the usual pauses.</summary>
    public (string Name, string Value)[] Settings =>
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", _app.Urls.Single()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"), ("OTEL_BLRP_SCHEDULE_DELAY", "100"), ("OTEL_METRIC_EXPORT_INTERVAL", "200"),
    ];

    public static async Task<Collector> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        WebApplication app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        Collector collector = new(app);
        app.MapPost("/v1/traces", context => ReceiveAsync(context, TraceRequest.Parser, request =>
        {
            foreach (ResourceSpans resource in request.ResourceSpans)
            {
                collector.Add(resource.Resource);
                foreach (ScopeSpans scope in resource.ScopeSpans)
                foreach (Span span in scope.Spans)
                    collector.Spans.Enqueue((scope.Scope.Name, span));
            }
        }));
        app.MapPost("/v1/metrics", context => ReceiveAsync(context, MetricsRequest.Parser, request =>
        {
            foreach (Metric metric in request.ResourceMetrics.SelectMany(r => r.ScopeMetrics).SelectMany(scope => scope.Metrics))
                collector.Metrics[metric.Name] = true;
        }));
        app.MapPost("/v1/logs", context => ReceiveAsync(context, LogsRequest.Parser, request =>
        {
            foreach (LogRecord log in request.ResourceLogs.SelectMany(r => r.ScopeLogs).SelectMany(scope => scope.LogRecords))
                collector.Logs.Enqueue(log.Body.Text);
        }));
        await app.StartAsync();
        return collector;
    }

    /// <summary>Waits until everything that is asked for has come.</summary>
    public static async Task UntilAsync(Func<bool> hasCome)
    {
        for (int attempt = 0; attempt < 200 && !hasCome(); attempt++)
            await Task.Delay(50);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task ReceiveAsync<T>(HttpContext context, MessageParser<T> parser, Action<T> add)
        where T : IMessage<T>
    {
        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body);
        add(parser.ParseFrom(body.ToArray()));
        // An empty message says that all was taken.
        context.Response.ContentType = "application/x-protobuf";
    }

    private void Add(Resource resource)
    {
        foreach (Otlp.Attribute attribute in resource.Attributes.Where(attribute => attribute.Key == "service.name"))
            Services[attribute.Value.Text] = true;
    }
}
