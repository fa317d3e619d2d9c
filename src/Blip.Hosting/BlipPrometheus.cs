using Blip.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;

namespace Blip.Hosting;

/// <summary>Metrics in the form that Prometheus scrapes.</summary>
public static class BlipPrometheus
{
    /// <summary>Collects Blip's metrics, and those of ASP.NET Core and .NET.</summary>
    public static IServiceCollection AddBlipPrometheus(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter(BlipTelemetry.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime").AddPrometheusExporter());
        return services;
    }

    /// <summary>Maps <c>GET /metrics</c>, with the key where there is one.</summary>
    public static IEndpointRouteBuilder MapBlipPrometheus(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        endpoints.ServiceProvider.GetRequiredService<EndpointGuard>().Protect(endpoints.MapPrometheusScrapingEndpoint("/metrics"), Problems.WriteAsync);
        return endpoints;
    }
}
