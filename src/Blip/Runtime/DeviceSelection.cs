using Blip.Graphs;
using Microsoft.Extensions.Logging;

namespace Blip.Runtime;

/// <summary>Where and in which numbers a model runs, decided once at load and never silently otherwise.</summary>
/// <param name="Device"><see cref="BlipDevice.Cpu"/> or <see cref="BlipDevice.Cuda"/>.</param>
/// <param name="Precision"><see cref="BlipPrecision.Fp32"/>, <see cref="BlipPrecision.Fp16"/> or <see cref="BlipPrecision.Int8"/>.</param>
internal readonly record struct DeviceSelection(BlipDevice Device, BlipPrecision Precision)
{
    /// <exception cref="BlipException">What was asked for cannot be had here.</exception>
    public static DeviceSelection Choose(BlipDevice device, int deviceId, BlipPrecision precision, ILogger logger)
    {
        string? obstacle = device == BlipDevice.Cpu ? null : CudaProbe.FindObstacle(deviceId);
        if (device == BlipDevice.Cuda && obstacle is not null)
            throw new BlipException(BlipErrorCode.DeviceUnavailable,
                $"CUDA cannot be used: {obstacle}. Use device auto or cpu to run on the CPU.");
        if (device == BlipDevice.Auto)
        {
            device = obstacle is null ? BlipDevice.Cuda : BlipDevice.Cpu;
            // Logged only in a build for a GPU.
            if (obstacle is not null && CudaProbe.IsBuiltIn)
                InferenceLog.RunsOnCpu(logger, obstacle);
        }

        precision = (device, precision) switch
        {
            (BlipDevice.Cuda, BlipPrecision.Auto or BlipPrecision.Default) => BlipPrecision.Fp16,
            (_, BlipPrecision.Default) => BlipPrecision.Fp32,
            (_, BlipPrecision.Auto) => ByteProducts.AreExact ? BlipPrecision.Int8 : BlipPrecision.Fp32,
            _ => precision,
        };
        return (device, precision) switch
        {
            (BlipDevice.Cpu, BlipPrecision.Fp16) =>
                throw new BlipException(BlipErrorCode.DeviceUnavailable, "fp16 runs on CUDA only. On a CPU use fp32 or int8."),
            (BlipDevice.Cuda, BlipPrecision.Int8) =>
                throw new BlipException(BlipErrorCode.DeviceUnavailable, "int8 runs on a CPU only. On CUDA use fp16 or fp32."),
            _ => new DeviceSelection(device, precision),
        };
    }
}
