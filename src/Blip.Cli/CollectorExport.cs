using System.Diagnostics;
using Blip.Hosting;
using Blip.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Blip.Cli;

/// <summary>
/// Spans, metrics and logs of <c>blip serve</c> by OTLP, where the environment names a collector. OpenTelemetry's own variables say the
/// rest: protocol, headers, intervals, <c>OTEL_SERVICE_NAME</c>.
/// </summary>
internal static class CollectorExport
{
    public static void Add(WebApplicationBuilder builder)
    {
        if (!CollectorSettings.Apply(builder.Configuration))
            return;
        // ASP.NET Core 10 leaves method, path and status out of its spans unless it is told otherwise.
        AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
        builder.Services.AddOpenTelemetry()
            // The environment's values for the service come last, so they override the others.
            .ConfigureResource(
                resource => resource.AddService("blip", serviceVersion: BlipTelemetry.Version).AddEnvironmentVariableDetector())
            .WithTracing(tracing => tracing
                .AddSource(BlipTelemetry.SourceName, "Microsoft.AspNetCore", "Experimental.ModelContextProtocol")
                .AddProcessor(new WithoutProbes()))
            .WithMetrics(metrics => metrics.AddMeter(PrometheusMetrics.Meters))
            .UseOtlpExporter();
    }

    /// <summary>Names the spans of requests as the conventions do: by method and route. Of paths callers can make up any number.</summary>
    public static void Map(WebApplication app)
    {
        if (string.IsNullOrEmpty(app.Configuration[CollectorSettings.Endpoint]))
            return;
        app.Use((context, next) =>
        {
            if (Activity.Current is { } request && request.GetTagItem("http.request.method") is string method)
            {
                string? route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
                request.DisplayName = route is null ? method : $"{method} /{route.TrimStart('/')}";
            }
            return next(context);
        });
    }

    /// <summary>A platform asks for health every few seconds: no trace is kept of it.</summary>
    private sealed class WithoutProbes : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data)
        {
            if (data.GetTagItem("url.path") is "/health" or "/health/live" or "/health/ready" or "/alive" or "/metrics")
                data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        }
    }
}
