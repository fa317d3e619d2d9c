namespace Blip.Hub;

/// <summary>
/// One attempt failed, but the next may succeed. It stays inside the hub client: after the last attempt it becomes a
/// <see cref="BlipException"/>.
/// </summary>
internal sealed class HubAttemptException(string reason, TimeSpan? retryAfter = null, Exception? innerException = null)
    : Exception(reason, innerException)
{
    /// <summary>How long the server asks the client to wait; null when it does not ask.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>The error where the next attempt fails in the same way; null where further attempts may help.</summary>
    public BlipException? IfRepeated { get; init; }

    /// <summary>Whether the next attempt fails in the same way: a server that fails twice in the same way will fail again.</summary>
    public bool IsChangeless { get; init; }

    /// <summary>The storage that answered instead of the hub, which had led there; null: it was the hub.</summary>
    public string? Storage { get; set; }

    /// <summary>Whether the attempt got further than all attempts before it. The count of failures starts again then.</summary>
    public bool MadeProgress { get; init; }
}
