using Microsoft.Extensions.Logging;

namespace Blip.Inference;

internal static partial class InferenceLog
{
    [LoggerMessage(200, LogLevel.Warning, "The model runs on the CPU, since CUDA cannot be used: {Obstacle}.")]
    public static partial void RunsOnCpu(ILogger logger, string obstacle);
}
