using Blip.Hosting;
using Blip.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;

namespace Blip.Cli;

/// <summary>
/// <c>GET /metrics</c> of <c>blip serve</c>, in the form that Prometheus reads. It is part of the command and not of Blip.Hosting, since
/// the exporter has no stable release, which a library may not depend on.
/// </summary>
internal static class PrometheusMetrics
{
    /// <summary>The setting that asks for it.</summary>
    public const string Setting = "Blip:Metrics";

    /// <summary>Blip's meter, and those of ASP.NET Core and .NET.</summary>
    public static string[] Meters { get; } =
        [BlipTelemetry.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];

    /// <summary>Collects what <see cref="Meters"/> measure.</summary>
    public static void Add(WebApplicationBuilder builder)
    {
        if (!Switch.IsOn(builder.Configuration, Setting))
            return;
        builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter(Meters).AddPrometheusExporter());
    }

    /// <summary>Maps the endpoint. It needs the key, if the service has one.</summary>
    public static void Map(WebApplication app)
    {
        if (!Switch.IsOn(app.Configuration, Setting))
            return;
        EndpointGuard guard = app.Services.GetRequiredService<EndpointGuard>();
        guard.Protect(app.MapPrometheusScrapingEndpoint("/metrics"), Problems.WriteAsync);
    }
}
