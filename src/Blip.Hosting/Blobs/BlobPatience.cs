using Azure;
using Microsoft.Extensions.Logging;

namespace Blip.Hosting.Blobs;

/// <summary>
/// Repeats what failed for a reason that may pass, each time after a longer pause, until its time is over. A platform tries a failed
/// image again at once and a few times only, so all its tries would be over within a second. Thread-safe.
/// </summary>
/// <param name="limit">The time of all attempts together. Zero: one attempt.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Is told why an attempt failed, without names.</param>
internal sealed partial class BlobPatience(TimeSpan limit, TimeProvider time, ILogger logger)
{
    /// <summary>The pauses are parts of the time: with 6 minutes from 3 s to 1 minute.</summary>
    private readonly TimeSpan _firstPause = limit / 120, _longestPause = limit / 6;

    /// <summary>Runs the work until it succeeds.</summary>
    /// <param name="work">One attempt. A failure that it throws may pass.</param>
    /// <param name="cancellationToken">Ends all attempts.</param>
    /// <exception cref="TimeoutException">The last attempt did not end in time.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        if (limit <= TimeSpan.Zero)
            return await work(cancellationToken).ConfigureAwait(false);
        long start = time.GetTimestamp();
        using CancellationTokenSource timer = new(limit, time);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        for (TimeSpan pause = _firstPause; ; pause = pause * 2 < _longestPause ? pause * 2 : _longestPause)
        {
            try
            {
                return await work(end.Token).ConfigureAwait(false);
            }
            catch (Exception exception) when (timer.IsCancellationRequested && !cancellationToken.IsCancellationRequested
                && exception is OperationCanceledException)
            {
                throw new TimeoutException("The image was not answered in time. The platform tries it again.", exception);
            }
            // A service that stops does not come back, and the platform repeats what does not fit into the time that is left.
            catch (Exception exception) when (exception is not ObjectDisposedException && !cancellationToken.IsCancellationRequested
                && time.GetElapsedTime(start) + pause < limit)
            {
                Waits(Reason(exception), pause);
            }
            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static string Reason(Exception exception) => exception switch
    {
        BlipException blip => blip.Code,
        RequestFailedException { ErrorCode.Length: > 0 } storage => storage.ErrorCode,
        AggregateException { InnerException: { } first } => Reason(first),
        _ => exception.GetType().Name,
    };

    [LoggerMessage(424, LogLevel.Warning, "An image cannot be answered yet ({Reason}). The next attempt is in {Pause}.")]
    private partial void Waits(string reason, TimeSpan pause);
}
