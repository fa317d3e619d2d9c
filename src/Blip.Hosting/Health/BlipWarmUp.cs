using Blip.AI;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Blip.Hosting.Health;

/// <summary>
/// Loads the model when the service starts, and asks it one question. Then the service is ready. If that fails, it tries again, each time
/// after a longer pause.
/// </summary>
public sealed partial class BlipWarmUp(BlipService service, TimeProvider time, ILogger<BlipWarmUp> logger) : BackgroundService
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5), LongestPause = TimeSpan.FromMinutes(5);

    private readonly TaskCompletionSource _firstTry = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether the model has answered.</summary>
    public bool IsWarm { get; private set; }

    /// <summary>Why the last try failed; <see langword="null"/> where none has failed.</summary>
    internal Exception? Failure { get; private set; }

    /// <summary>Ends when the first try ends. If the try fails, the task fails too.</summary>
    public Task FirstTry => _firstTry.Task;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (TimeSpan pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await service.WarmUpAsync(stoppingToken).ConfigureAwait(false);
                IsWarm = true;
                _firstTry.TrySetResult();
                return;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                _firstTry.TrySetCanceled(stoppingToken);
                return;
            }
#pragma warning disable CA1031 // Every error may go away, for example one of a download. The caller that waits for the first try decides.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Failure = exception;
                NotLoaded(exception, pause);
                _firstTry.TrySetException(exception);
            }
            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(410, LogLevel.Error, "The model could not be loaded. Next try in {Pause}.")]
    private partial void NotLoaded(Exception exception, TimeSpan pause);
}
