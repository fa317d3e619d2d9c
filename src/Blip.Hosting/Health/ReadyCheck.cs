using Blip.AI;
using Blip.Runtime;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Blip.Hosting.Health;

/// <summary>Ready: the model has answered its warm-up, and the service is not stopping. Degraded: built for a GPU and answering without one.</summary>
internal sealed class ReadyCheck(BlipWarmUp warmUp, BlipService service, IHostApplicationLifetime lifetime) : IHealthCheck
{
    /// <summary>The tag that keeps it out of the liveness check.</summary>
    public const string Tag = "ready";

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested)
            return HealthCheckResult.Unhealthy("The service is stopping.");
        if (!warmUp.IsWarm)
            return HealthCheckResult.Unhealthy("The model is not loaded yet.");
        BlipModel model = await service.GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        return model.Info.Device == "cpu" && CudaProbe.IsBuiltIn ? HealthCheckResult.Degraded("No GPU can be used; answering on the CPU.") : HealthCheckResult.Healthy();
    }
}
