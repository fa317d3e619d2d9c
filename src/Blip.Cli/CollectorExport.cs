using System.Diagnostics;
using Blip.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
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
    /// <summary>The variable that asks for it. It is OpenTelemetry's.</summary>
    public const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    public static void Add(WebApplicationBuilder builder)
    {
        if (builder.Configuration[Endpoint] is not { Length: > 0 } endpoint)
            return;
        // The exporter would use its default without an error. The value is not repeated: it can have a password.
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
            throw new OptionsValidationException(Endpoint, typeof(Uri), [$"{Endpoint} is not an address such as http://127.0.0.1:4317."]);
        // At the end each signal waits for a collector that does not answer: 10 s is the exporter's default.
        builder.Configuration["OTEL_EXPORTER_OTLP_TIMEOUT"] ??= "2000";
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
        if (string.IsNullOrEmpty(app.Configuration[Endpoint]))
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
