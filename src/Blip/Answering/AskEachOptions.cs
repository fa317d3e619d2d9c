namespace Blip;

/// <summary>How questions about many images are asked.</summary>
public sealed record AskEachOptions
{
    private const int MaxWindow = 1024;

    /// <summary>How each question is answered.</summary>
    public AskOptions Ask { get; init; } = AskOptions.Default;

    /// <summary>
    /// The most images in memory at the same time, including finished ones that wait for their turn: 1 to 1,024, 32 by default.
    /// </summary>
    public int Window { get; init; } = 32;

    /// <summary>
    /// Whether an image waits for a place in the queue, the default; otherwise a full queue is the image's error
    /// (<see cref="BlipBusyException"/>).
    /// </summary>
    public bool WaitForPlace { get; init; } = true;

    /// <summary>Gets a report for every outcome.</summary>
    public IProgress<AskEachProgress>? Progress { get; init; }

    /// <exception cref="BlipException"><see cref="BlipErrorCode.InvalidRequest"/>.</exception>
    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Ask);
        if (Window is < 1 or > MaxWindow)
            throw new BlipException(BlipErrorCode.InvalidRequest, $"{nameof(Window)} is {Window}; it must be 1 to {MaxWindow}.");
    }
}

/// <summary>The progress of asking about many images.</summary>
/// <param name="Done">Outcomes so far.</param>
/// <param name="Failed">Those of them with a question that has no answer.</param>
/// <param name="Elapsed">The time since the start.</param>
public readonly record struct AskEachProgress(long Done, long Failed, TimeSpan Elapsed);
