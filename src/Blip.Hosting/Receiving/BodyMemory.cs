using System.Diagnostics;
using Blip.Scheduling;
using Microsoft.Extensions.Options;

namespace Blip.Hosting.Receiving;

/// <summary>
/// The memory of all bodies that are being received or answered: one budget for the whole service. A body that does not fit waits, in
/// order, and is refused with 429 when it has waited too long. A quarter is for small bodies alone, so that large ones, however slow,
/// never stop them. Thread-safe.
/// </summary>
internal sealed class BodyMemory : IDisposable
{
    /// <summary>A body of unknown length counts as one of this size until it is larger.</summary>
    public const int SmallBytes = 1 << 20;

    /// <summary>While others wait, a large body must come at this rate at least, or it is refused.</summary>
    private const double LeastBytesPerSecond = 256 << 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10), Grace = TimeSpan.FromSeconds(5);

    private readonly BodyPool _pool;
    private readonly SharedBudget _small, _large;

    public BodyMemory(IOptions<BlipHostingOptions> options, TimeProvider time)
    {
        long bytes = options.Value.MaxBodyBytesInFlight;
        (_pool, _small, _large) = (new BodyPool(time), new SharedBudget(bytes / 4), new SharedBudget(bytes - (bytes / 4)));
    }

    /// <summary>Is called when bodies came, and then none for a while.</summary>
    public Action? OnQuiet
    {
        get => _pool.OnQuiet;
        set => _pool.OnQuiet = value;
    }

    /// <summary>Gets a buffer. Its owner disposes it.</summary>
    /// <param name="bytes">The size of the body.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="FailureException">429: there was no room for it.</exception>
    public async Task<BodyBuffer> TakeAsync(int bytes, CancellationToken cancellationToken)
    {
        SharedBudget share = bytes <= SmallBytes ? _small : _large;
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            await share.EnterAsync(bytes, patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new FailureException(Failure.BodiesFull);
        }
        try
        {
            // One byte more, for the read that finds the end.
            BodyBuffer buffer = _pool.Take(bytes + 1);
            buffer.Lend(bytes + 1, returned =>
            {
                _pool.Return(returned);
                share.Leave(bytes);
            });
            return buffer;
        }
        catch
        {
            share.Leave(bytes);
            throw;
        }
    }

    /// <summary>Refuses a large body that is slow while others wait for its room.</summary>
    /// <param name="buffer">What has come.</param>
    /// <param name="start">When the first was waited for.</param>
    /// <exception cref="FailureException">408.</exception>
    public void CheckPace(BodyBuffer buffer, long start)
    {
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        bool isSlow = elapsed > Grace && buffer.Count < elapsed.TotalSeconds * LeastBytesPerSecond;
        if (isSlow && buffer.Size > SmallBytes + 1 && _large.IsWaitedFor)
            throw new FailureException(Failure.BodyTooSlow);
    }

    public void Dispose() => _pool.Dispose();
}
