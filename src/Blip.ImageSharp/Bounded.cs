namespace Blip.ImageSharp;

/// <summary>Waits for work, up to a time limit.</summary>
internal static class Bounded
{
    /// <summary>
    /// Runs the work on a thread of its own. A thread cannot be ended from outside: work that never returns keeps its thread, a processor
    /// core and its memory until the process ends. It keeps neither the caller nor the end of the process.
    /// </summary>
    /// <exception cref="BlipException">The work took longer (<see cref="BlipErrorCode.Timeout"/>).</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static T Run<T>(Func<T> work, TimeSpan limit, CancellationToken cancellationToken)
        where T : IDisposable
    {
        Task<T> running = Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            return running.WaitAsync(limit, cancellationToken).GetAwaiter().GetResult();
        }
        catch (Exception left) when (left is TimeoutException or OperationCanceledException)
        {
            // A result that comes too late has no owner.
            running.ContinueWith(late => late.Result.Dispose(),
                CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            if (left is OperationCanceledException)
                throw;
            throw new BlipException(BlipErrorCode.Timeout, FormattableString.Invariant(
                $"The image was not decoded within the {limit.TotalSeconds:0.##} s allowed. Send a smaller one, or convert it first."));
        }
    }
}
