using Blip.Hub;

namespace Blip;

/// <summary>The stages of loading a model.</summary>
public enum LoadStage
{
    /// <summary>Downloading the files from the hub.</summary>
    Downloading,

    /// <summary>Reading the configuration, the tokenizer and the weights' table of contents.</summary>
    Reading,

    /// <summary>Making the networks.</summary>
    Preparing,

    /// <summary>Done.</summary>
    Ready,
}

/// <summary>The progress of loading a model.</summary>
/// <param name="Stage">What is being done.</param>
/// <param name="Model">The model, as <see cref="BlipModelInfo.Name"/> calls it: a folder by its name alone.</param>
/// <param name="Download">How far the download is, while <see cref="LoadStage.Downloading"/>.</param>
/// <param name="Done">The share of the networks that are made, 0 to 1, while <see cref="LoadStage.Preparing"/>.</param>
public sealed record LoadProgress(LoadStage Stage, string Model, HubProgress? Download = null, double? Done = null);
