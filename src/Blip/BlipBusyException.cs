namespace Blip;

/// <summary>The queue is full. The request did nothing; it may be sent again after <see cref="RetryAfter"/>.</summary>
public sealed class BlipBusyException : BlipException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="retryAfter">When a place is expected to be free: 1 to 120 seconds.</param>
    public BlipBusyException(TimeSpan retryAfter)
        : base(
            BlipErrorCode.Busy,
            FormattableString.Invariant($"All places in the queue are taken. Ask again in {retryAfter.TotalSeconds:0} s."))
        => RetryAfter = retryAfter;

    /// <summary>When to ask again: 1 to 120 seconds from now.</summary>
    public TimeSpan RetryAfter { get; }
}
