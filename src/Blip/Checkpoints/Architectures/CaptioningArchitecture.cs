namespace Blip.Checkpoints;

/// <summary>Captioning: a decoder that attends to the image writes what is in it.</summary>
internal sealed class CaptioningArchitecture : ModelArchitecture
{
    public const string ArchitectureName = "BlipForConditionalGeneration";

    public override string Name => ArchitectureName;

    public override string Task => "captioning";

    public override string ExampleId => "Salesforce/blip-image-captioning-base";

    public override string Use => "It describes images: BlipCaptioner, blip caption";

    public override string TextParts => "decoder";

    public override IEnumerable<ExpectedTensor> ExpectedTensors(BlipConfig config, bool isHeadTied) =>
    [
        .. VisionTensors.Of(config.Vision),
        .. TextTensors.Of(config.Text, "text_decoder.bert.", config.Vision.HiddenSize),
        .. HeadTensors.Of(config.Text, isHeadTied),
    ];
}
