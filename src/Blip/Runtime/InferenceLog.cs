using Microsoft.Extensions.Logging;

namespace Blip.Runtime;

internal static partial class InferenceLog
{
    [LoggerMessage(200, LogLevel.Warning, "The model runs on the CPU, because CUDA cannot be used: {Obstacle}.")]
    public static partial void RunsOnCpu(ILogger logger, string obstacle);

    [LoggerMessage(201, LogLevel.Warning, "The model runs in fp32: in int8 its answers to trial questions deviate by {Deviation:0.000}.")]
    public static partial void Int8Deviates(ILogger logger, double deviation);

    [LoggerMessage(
        203, LogLevel.Warning,
        "The tokenizer gives [DEC], which begins an answer, the id {Expected}; text_config.bos_token_id in config.json is {Start}, and " +
        "answers begin with that.")]
    public static partial void StartIsAnother(ILogger logger, int expected, int start);

    [LoggerMessage(202, LogLevel.Warning, "The weights could not be packed; the model continues without packing.")]
    public static partial void NotPacked(ILogger logger, Exception exception);

    [LoggerMessage(
        205, LogLevel.Warning,
        "calibration.json in the model's folder belongs to other weights, or to another image size, so confidences are not calibrated. "
        + "Run blip calibrate again.")]
    public static partial void CalibratedForOthers(ILogger logger);

    [LoggerMessage(203, LogLevel.Warning, "{Problem} Each start computes them again.")]
    public static partial void NotKept(ILogger logger, string problem);

    [LoggerMessage(204, LogLevel.Warning, "The kept int8 weights were damaged, and were computed again: {File}.")]
    public static partial void Mended(ILogger logger, string file);
}
