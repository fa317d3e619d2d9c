namespace Blip;

/// <summary>
/// The time of each stage of an answer. A stage that was not necessary is <see langword="null"/>: an image that is encoded already is
/// not encoded again. When questions share a stage, each of them has the whole time of the stage. Immutable.
/// </summary>
public sealed record AnswerTiming
{
    /// <summary>Decoding the image: from bytes to pixels.</summary>
    public TimeSpan? Decode { get; init; }

    /// <summary>Resizing the pixels to the model's size.</summary>
    public TimeSpan? Resize { get; init; }

    /// <summary>Encoding the image with the vision transformer.</summary>
    public TimeSpan? Vision { get; init; }

    /// <summary>The question encoder.</summary>
    public TimeSpan? Question { get; init; }

    /// <summary>All steps of the answer decoder.</summary>
    public TimeSpan? Search { get; init; }

    /// <summary>From the call to the answer, including the time in the queue.</summary>
    public TimeSpan Total { get; init; }
}
