using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Blip.Hosting;

/// <summary>
/// Runs before every endpoint. It checks host, origin and key, limits the size of the body and the time of the request, and turns every
/// error of the endpoint into one response. Thread-safe.
/// </summary>
internal sealed partial class EndpointGuard(IOptions<BlipHostingOptions> options, ILogger<EndpointGuard> logger)
{
    private readonly BlipHostingOptions _options = options.Value;
    private readonly HostGuard _hosts = new(options.Value);

    /// <summary>Protects one endpoint or a group of endpoints.</summary>
    /// <param name="endpoints">One endpoint or a group.</param>
    /// <param name="report">Writes a failure in the form that the callers of these endpoints read.</param>
    /// <param name="needsKey">Whether a caller must send the key, if the service has one.</param>
    public void Protect(IEndpointConventionBuilder endpoints, Func<HttpContext, Failure, Task> report, bool needsKey = true) =>
        endpoints.Add(endpoint =>
        {
            if (endpoint.RequestDelegate is { } next)
                endpoint.RequestDelegate = context => InvokeAsync(context, next, report, needsKey);
        });

    private async Task InvokeAsync(HttpContext context, RequestDelegate next, Func<HttpContext, Failure, Task> report, bool needsKey)
    {
        if (Refuse(context, needsKey) is { } refusal)
        {
            await report(context, refusal).ConfigureAwait(false);
            return;
        }
        CancellationToken gone = context.RequestAborted;
        using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(gone);
        deadline.CancelAfter(_options.RequestTimeout);
        context.RequestAborted = deadline.Token;
        Failure? failure = null;
        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            failure = Failure.TimedOut(_options.RequestTimeout);
        }
        catch (FailureException exception)
        {
            failure = exception.Failure;
        }
#pragma warning disable CA1031 // For every error the caller gets one clear message, and the operator gets a log entry.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            failure = Failure.From(exception);
            if (failure.IsServerError && !gone.IsCancellationRequested)
                RequestFailed(exception);
        }
        finally
        {
            context.RequestAborted = gone;
        }
        if (failure is null || gone.IsCancellationRequested)
            return;
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }
        context.Response.Clear();
        await report(context, failure).ConfigureAwait(false);
    }

    private Failure? Refuse(HttpContext context, bool needsKey)
    {
        if (!_hosts.AllowsHost(context.Request))
            return Failure.ForeignHost;
        if (!_hosts.AllowsOrigin(context.Request))
            return Failure.ForeignOrigin;
        if (needsKey && !_hosts.AllowsKey(context.Request))
            return Failure.Unauthorized;
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = _options.MaxRequestBytes;
        return context.Request.ContentLength > _options.MaxRequestBytes ? Failure.RequestTooLarge(_options.MaxRequestBytes) : null;
    }

    [LoggerMessage(400, LogLevel.Error, "A request failed.")]
    private partial void RequestFailed(Exception exception);
}
