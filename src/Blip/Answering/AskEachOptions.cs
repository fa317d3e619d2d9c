namespace Blip;

/// <summary>How many images are asked about.</summary>
public sealed record AskEachOptions
{
    private const int MaxWindow = 1024;

    /// <summary>How each question is answered.</summary>
    public AskOptions Ask { get; init; } = AskOptions.Default;

    /// <summary>Images in memory at once, those that wait for their turn to be given included: 1 to 1,024, 32 by default.</summary>
    public int Window { get; init; } = 32;

    /// <summary>
    /// Whether an image waits for a place in the queue, the default; otherwise a full queue is the image's error
    /// (<see cref="BlipBusyException"/>).
    /// </summary>
    public bool WaitForPlace { get; init; } = true;

    /// <summary>Learns of every outcome that was given.</summary>
    public IProgress<AskEachProgress>? Progress { get; init; }

    /// <exception cref="BlipException"><see cref="BlipErrorCode.InvalidRequest"/>.</exception>
    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Ask);
        if (Window is < 1 or > MaxWindow)
            throw new BlipException(BlipErrorCode.InvalidRequest, $"{nameof(Window)} is {Window}; it must be 1 to {MaxWindow}.");
    }
}

/// <summary>How far the asking about many images has come.</summary>
/// <param name="Done">Outcomes given.</param>
/// <param name="Failed">Those among them that are not answered whole.</param>
/// <param name="Elapsed">The time since the asking began.</param>
public readonly record struct AskEachProgress(long Done, long Failed, TimeSpan Elapsed);
