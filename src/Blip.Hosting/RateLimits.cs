using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;

namespace Blip.Hosting;

/// <summary>Counts each caller's requests: by the key where there is a right one, else by the address.</summary>
internal static class RateLimits
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    /// <summary>Limits what works: health checks, the description and the page stay free.</summary>
    /// <param name="app">The application.</param>
    /// <param name="guard">Knows the right keys.</param>
    /// <param name="perMinute">The requests that a caller may make in a minute.</param>
    public static void Use(IApplicationBuilder app, HostGuard guard, int perMinute) => app.UseRateLimiter(new RateLimiterOptions
    {
        GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => IsWork(context.Request.Path)
            ? RateLimitPartition.GetFixedWindowLimiter(
                guard.CallerOf(context), _ => new FixedWindowRateLimiterOptions { PermitLimit = perMinute, Window = Window })
            : RateLimitPartition.GetNoLimiter("")),
        OnRejected = async (rejected, _) =>
        {
            TimeSpan wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan left) ? left : Window;
            HttpContext context = rejected.HttpContext;
            Failure failure = Failure.RateLimited(perMinute, wait);
            await (context.Request.Path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase)
                ? OpenAi.OpenAiErrors.WriteAsync(context, failure)
                : Ollama.OllamaErrors.IsOllamas(context.Request.Path) ? Ollama.OllamaErrors.WriteAsync(context, failure)
                : Problems.WriteAsync(context, failure)).ConfigureAwait(false);
        },
    });

    private static bool IsWork(PathString path) =>
        ((string[])["/api", "/v1", "/mcp"]).Any(start => path.StartsWithSegments(start, StringComparison.OrdinalIgnoreCase));
}
