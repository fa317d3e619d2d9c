using Blip.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;

namespace Blip.Hosting;

/// <summary>Serves metrics in the form that Prometheus reads.</summary>
public static class BlipPrometheus
{
    /// <summary>Adds the collection of Blip's metrics, and of those of ASP.NET Core and .NET.</summary>
    public static IServiceCollection AddBlipPrometheus(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter(BlipTelemetry.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
            .AddPrometheusExporter());
        return services;
    }

    /// <summary>Maps <c>GET /metrics</c>. It needs the key, if the service has one.</summary>
    public static IEndpointRouteBuilder MapBlipPrometheus(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        EndpointGuard guard = endpoints.ServiceProvider.GetRequiredService<EndpointGuard>();
        guard.Protect(endpoints.MapPrometheusScrapingEndpoint("/metrics"), Problems.WriteAsync);
        return endpoints;
    }
}
