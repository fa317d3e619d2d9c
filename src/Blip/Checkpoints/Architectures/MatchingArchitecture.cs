using static Blip.Checkpoints.ExpectedTensor;

namespace Blip.Checkpoints;

/// <summary>Matching: an encoder reads a text with the image or without it, and heads tell how the two belong together.</summary>
internal sealed class MatchingArchitecture : ModelArchitecture
{
    public const string ArchitectureName = "BlipForImageTextRetrieval";

    public override string Name => ArchitectureName;

    public override string Task => "matching images and texts";

    public override string ExampleId => "Salesforce/blip-itm-base-coco";

    public override string Use => "It tells whether texts are true for an image: BlipMatcher, blip match";

    public override string TextParts => "encoder";

    public override bool HasDecoder => false;

    public override IEnumerable<ExpectedTensor> ExpectedTensors(BlipConfig config, bool isHeadTied) =>
    [
        .. VisionTensors.Of(config.Vision),
        .. TextTensors.Of(config.Text, "text_encoder.", config.Vision.HiddenSize),
        .. Linear("vision_proj", config.Vision.HiddenSize, config.EmbeddingSize),
        .. Linear("text_proj", config.Text.HiddenSize, config.EmbeddingSize),
        .. Linear("itm_head", config.Text.HiddenSize, 2),
    ];
}
