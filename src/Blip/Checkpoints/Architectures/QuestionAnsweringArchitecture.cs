namespace Blip.Checkpoints;

/// <summary>Visual question answering: an encoder reads the question and the image, a decoder writes the answer.</summary>
internal sealed class QuestionAnsweringArchitecture : ModelArchitecture
{
    public const string ArchitectureName = "BlipForQuestionAnswering";

    public override string Name => ArchitectureName;

    public override string Task => "visual question answering";

    public override string ExampleId => "Salesforce/blip-vqa-base";

    public override string Use => "It answers questions: BlipModel, blip ask";

    public override string TextParts => "encoder and decoder";

    public override void CheckConfig(BlipConfig config)
    {
        if (config.Vision.HiddenSize != config.Text.HiddenSize)
        {
            throw new BlipModelException(
                $"vision_config.hidden_size in {BlipConfig.FileName} is {config.Vision.HiddenSize} and text_config.hidden_size is " +
                $"{config.Text.HiddenSize}. A model for {Task} needs them equal, because its decoder attends to question states of the " +
                "vision width. Use another model.");
        }
    }

    public override IEnumerable<ExpectedTensor> ExpectedTensors(BlipConfig config, bool isHeadTied) =>
    [
        .. VisionTensors.Of(config.Vision),
        .. TextTensors.Of(config.Text, "text_encoder.", config.Vision.HiddenSize),
        .. TextTensors.Of(config.Text, "text_decoder.bert.", config.Vision.HiddenSize),
        .. HeadTensors.Of(config.Text, isHeadTied),
    ];
}
