namespace Blip.Hub;

/// <summary>An attempt failed in a way that may pass. Never leaves the hub client: it becomes a <see cref="BlipException"/> when attempts run out.</summary>
internal sealed class HubAttemptException(string reason, TimeSpan? retryAfter = null, Exception? innerException = null)
    : Exception(reason, innerException)
{
    /// <summary>How long the server asks to wait.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>Whether the attempt got further than any before it, so that the count of failures starts again.</summary>
    public bool GainedGround { get; init; }
}
