using Blip.AI;
using Blip.Runtime;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Blip.Hosting.Health;

/// <summary>
/// Healthy: the model has answered once, and the service is not stopping. Degraded: the service is built for a GPU, but answers on the
/// CPU.
/// </summary>
internal sealed class ReadyCheck(BlipWarmUp warmUp, BlipService service, IHostApplicationLifetime lifetime) : IHealthCheck
{
    /// <summary>Writes the state and, where there is one, the reason: one line of text.</summary>
    public static Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "text/plain";
        string? reason = report.Entries.Values.FirstOrDefault(entry => entry.Status == report.Status).Description;
        return context.Response.WriteAsync(reason is null ? $"{report.Status}" : $"{report.Status}: {reason}", context.RequestAborted);
    }

    /// <summary>The tag of the checks that decide whether the service is ready. The liveness check does not run them.</summary>
    public const string Tag = "ready";

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested)
            return HealthCheckResult.Unhealthy("The service is stopping.");
        if (!warmUp.IsWarm)
        {
            return HealthCheckResult.Unhealthy(warmUp.Failure is { } failure
                ? Hosting.Failure.From(failure).Message
                : "The model is not loaded yet.");
        }
        BlipModel model = await service.GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        return model.Info.Device == "cpu" && CudaProbe.IsBuiltIn
            ? HealthCheckResult.Degraded("No GPU can be used. The service answers on the CPU.")
            : HealthCheckResult.Healthy();
    }
}
