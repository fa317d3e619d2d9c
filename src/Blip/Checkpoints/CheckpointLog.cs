using Microsoft.Extensions.Logging;

namespace Blip.Checkpoints;

internal static partial class CheckpointLog
{
    [LoggerMessage(
        100, LogLevel.Warning,
        "text_config.num_attention_heads in config.json is 8 at a width of 768. That is a known error of old configurations: the weights " +
        "are made for 12 heads, so 12 is used. ObeyHeadCount keeps 8.")]
    public static partial void HeadCountCorrected(ILogger logger);

    [LoggerMessage(
        101, LogLevel.Warning,
        "The weights have {Tensor}, of a layer beyond num_hidden_layers in config.json. Such layers are not used, as in transformers. " +
        "Use files of the same model.")]
    public static partial void LayersUnused(ILogger logger, string tensor);
}
