namespace Blip;

/// <summary>
/// How a model's confidences become shares of right answers: by temperature scaling (Guo et al. 2017), fitted on labelled questions. The
/// logits are divided by a temperature before the softmax: above 1 where the model is too sure. No answer changes.
/// Immutable.
/// </summary>
public sealed record Calibration
{
    /// <summary>The temperature of the tokens' logits.</summary>
    public required double Temperature { get; init; }

    /// <summary>
    /// The temperature of the scores of <see cref="AskOptions.Choices"/> that are ranked exactly; <see langword="null"/> where none was
    /// fitted, so that their probabilities are not calibrated.
    /// </summary>
    public double? ChoicesTemperature { get; init; }

    /// <summary>The labelled questions that it was fitted on.</summary>
    public int Questions { get; init; }
}
