using Microsoft.Extensions.Logging;

namespace Blip.Checkpoints;

internal static partial class CheckpointLog
{
    [LoggerMessage(100, LogLevel.Warning,
        "text_config.num_attention_heads in config.json is 8 at a width of 768, a known error of old configurations: 12 is used, as the weights are made for. ObeyHeadCount keeps 8.")]
    public static partial void HeadCountCorrected(ILogger logger);
}
