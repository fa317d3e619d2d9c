using Blip.Checkpoints;

namespace Blip.Cli;

/// <summary>A model that Blip runs: one of Salesforce's on the hub, or one that is part of the command.</summary>
/// <param name="Id">What <c>--model</c> takes.</param>
/// <param name="Architecture">The name of its kind in config.json.</param>
/// <param name="Bytes">The size of its weights.</param>
/// <param name="License">Its licence, as SPDX names it.</param>
internal sealed record PublishedModel(string Id, string Architecture, long Bytes, string License)
{
    public bool IsDemo => DemoModels.Has(Id);

    /// <summary>What it does.</summary>
    public string Task => ModelArchitectures.Named(Architecture).Task;
}

/// <summary>The family, by kind. Sizes are those of the hub's files.</summary>
internal static class PublishedModels
{
    private const long Vqa = 1_540_000_000, CaptionBase = 990_000_000, CaptionLarge = 1_880_000_000;
    private const long MatchBase = 895_000_000, MatchLarge = 1_780_000_000;

    public static IReadOnlyList<PublishedModel> All { get; } =
    [
        Demo(ModelKinds.QuestionAnswering.DemoModel, ModelKinds.QuestionAnswering.Architecture, 17_600_000),
        Hub("blip-vqa-capfilt-large", ModelKinds.QuestionAnswering.Architecture, Vqa),
        Hub("blip-vqa-base", ModelKinds.QuestionAnswering.Architecture, Vqa),
        Demo(ModelKinds.Captioning.DemoModel, ModelKinds.Captioning.Architecture, 12_600_000),
        Hub("blip-image-captioning-base", ModelKinds.Captioning.Architecture, CaptionBase),
        Hub("blip-image-captioning-large", ModelKinds.Captioning.Architecture, CaptionLarge),
        Demo(ModelKinds.Matching.DemoModel, ModelKinds.Matching.Architecture, 12_600_000),
        Hub("blip-itm-base-coco", ModelKinds.Matching.Architecture, MatchBase),
        Hub("blip-itm-base-flickr", ModelKinds.Matching.Architecture, MatchBase),
        Hub("blip-itm-large-coco", ModelKinds.Matching.Architecture, MatchLarge),
        Hub("blip-itm-large-flickr", ModelKinds.Matching.Architecture, MatchLarge),
    ];

    private static PublishedModel Hub(string name, string architecture, long bytes) =>
        new("Salesforce/" + name, architecture, bytes, "BSD-3-Clause");

    private static PublishedModel Demo(string name, string architecture, long bytes) => new(name, architecture, bytes, "MIT");
}
