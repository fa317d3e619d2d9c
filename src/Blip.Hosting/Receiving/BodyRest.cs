using System.Buffers;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Blip.Hosting.Receiving;

/// <summary>What is left of the body of a request that has its answer.</summary>
internal static class BodyRest
{
    /// <summary>Whether the request has a body, or may have one of unknown length.</summary>
    public static bool MayCome(HttpContext context) =>
        context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true };

    /// <summary>Completes the response, then reads the rest of the body and throws it away.</summary>
    /// <param name="context">The request.</param>
    /// <param name="most">How many more bytes are read.</param>
    /// <param name="limit">For how long.</param>
    public static async Task DropAsync(HttpContext context, long most, TimeSpan limit)
    {
        if (!MayCome(context))
            return;
        await context.Response.CompleteAsync().ConfigureAwait(false);
        Stream body = context.Request.Body is BoundedBody bounded ? bounded.Source : context.Request.Body;
        byte[] rest = ArrayPool<byte>.Shared.Rent(64 * 1024);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        end.CancelAfter(limit);
        try
        {
            for (long left = most; left > 0;)
            {
                int read = await body.ReadAsync(rest, end.Token).ConfigureAwait(false);
                left = read > 0 ? left - read : 0;
            }
        }
        catch (ConnectionResetException)
        {
            // The client is gone. The server would still try to read on, and log that it cannot.
            context.Abort();
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The client sent no more or is too slow, or its body was being read: the connection ends.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rest);
        }
    }
}
