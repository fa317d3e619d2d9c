namespace Blip;

/// <summary>
/// Where the time of an answer went. A stage that was not needed (the image was remembered) is <see langword="null"/>; a stage
/// shared with other questions is counted whole for each of them.
/// </summary>
public sealed record AnswerTiming
{
    /// <summary>From bytes to pixels.</summary>
    public TimeSpan? Decode { get; init; }

    /// <summary>From pixels to the model's size.</summary>
    public TimeSpan? Resize { get; init; }

    /// <summary>The vision transformer.</summary>
    public TimeSpan? Vision { get; init; }

    /// <summary>The question encoder.</summary>
    public TimeSpan? Question { get; init; }

    /// <summary>The answer decoder, all its steps.</summary>
    public TimeSpan? Search { get; init; }

    /// <summary>From the call to the answer, waiting included.</summary>
    public TimeSpan Total { get; init; }
}
