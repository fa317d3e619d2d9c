using Blip.Hosting.Receiving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Blip.Hosting;

/// <summary>
/// Runs before every endpoint. It checks host, origin and key, limits the size of the body and the time of the request, frees the memory
/// of the body, and turns every error of the endpoint into one response. Thread-safe.
/// </summary>
internal sealed partial class EndpointGuard(
    IOptions<BlipHostingOptions> options, HostGuard hosts, BodyMemory memory, ILogger<EndpointGuard> logger)
{
    private readonly BlipHostingOptions _options = options.Value;

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
        context.Response.OnStarting(() =>
        {
            context.Response.Headers["x-request-id"] = Problems.TraceId(context);
            return Task.CompletedTask;
        });
        if (Refuse(context, needsKey) is { } refusal)
        {
            await ReportAsync(context, refusal, report).ConfigureAwait(false);
            return;
        }
        CancellationToken gone = context.RequestAborted;
        using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(gone);
        deadline.CancelAfter(_options.RequestTimeout);
        context.RequestAborted = deadline.Token;
        Failure? failure = null;
        RequestBody body = RequestBody.Begin(memory);
        CallerTurns.Begin(hosts.CallerOf(context));
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
        catch (Exception exception) when (HasLeft(exception))
        {
            // A read of the body tells it before RequestAborted does. After this the server counts the request as 499, as those of other
            // callers that leave, and does not try to read on.
            context.Abort();
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
            body.Dispose();
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
        await ReportAsync(context, failure, report).ConfigureAwait(false);
    }

    /// <summary>
    /// Writes a failure. A client that is still sending would find its connection broken, and never read it: so what it sends is read to
    /// the end, within limits.
    /// </summary>
    private async Task ReportAsync(HttpContext context, Failure failure, Func<HttpContext, Failure, Task> report)
    {
        if (failure.Status is StatusCodes.Status413PayloadTooLarge or StatusCodes.Status408RequestTimeout
            && HttpProtocol.IsHttp11(context.Request.Protocol))
            context.Response.Headers.Connection = "close";
        await report(context, failure).ConfigureAwait(false);
        await BodyRest.DropAsync(context, _options.MaxRefusedBytes, _options.RefusedBodyTimeout).ConfigureAwait(false);
    }

    /// <summary>Whether the caller's connection broke. Connections that an endpoint opens do not end with these.</summary>
    private static bool HasLeft(Exception exception) =>
        exception is ConnectionResetException or ConnectionAbortedException
            or OperationCanceledException { InnerException: ConnectionAbortedException };

    private Failure? Refuse(HttpContext context, bool needsKey)
    {
        bool isTooLarge = context.Request.ContentLength > _options.MaxRequestBytes;
        // A body that is too large is read on, and thrown away. So the server's own limit must not end it.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
            if (context.Request.ContentLength is null && BodyRest.MayCome(context))
                context.Request.Body = new BoundedBody(context.Request.Body, _options.MaxRequestBytes);
        }
        if (!hosts.AllowsHost(context.Request))
            return Failure.ForeignHost;
        if (!hosts.AllowsOrigin(context.Request))
            return Failure.ForeignOrigin;
        if (needsKey && !hosts.AllowsKey(context.Request))
            return Failure.Unauthorized;
        string[] encodings =
        [
            .. context.Request.Headers.ContentEncoding.ToString().Split(',', StringSplitOptions.TrimEntries)
                .Where(encoding => encoding.Length > 0 && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase)),
        ];
        if (encodings.Length > 0)
            return Failure.EncodedBody(encodings);
        return isTooLarge ? Failure.RequestTooLarge(_options.MaxRequestBytes) : null;
    }

    [LoggerMessage(400, LogLevel.Error, "A request failed.")]
    private partial void RequestFailed(Exception exception);
}
