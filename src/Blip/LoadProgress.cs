namespace Blip;

/// <summary>What loading a model is busy with.</summary>
public enum LoadStage
{
    /// <summary>Bringing the files from the hub.</summary>
    Downloading,

    /// <summary>Reading the configuration, the tokenizer and the weights' table of contents.</summary>
    Reading,

    /// <summary>Making the networks.</summary>
    Preparing,

    /// <summary>Done.</summary>
    Ready,
}

/// <summary>How far the loading of a model has come.</summary>
/// <param name="Stage">What is being done.</param>
/// <param name="Detail">One line for people; a file's name while downloading.</param>
/// <param name="Fraction">How much of the stage is done, 0 to 1, where that is known.</param>
public sealed record LoadProgress(LoadStage Stage, string Detail, double? Fraction = null);
