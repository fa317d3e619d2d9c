using Blip.Runtime;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Blip.Tests.Runtime;

/// <summary>What is said of a machine on which CUDA cannot be used.</summary>
public class CudaProbeTests
{
    private static readonly string Driver = CudaProbe.WantedLibraries[0], Runtime = CudaProbe.WantedLibraries[1],
        Dnn = CudaProbe.WantedLibraries[^1];

    [Theory]
    [InlineData(2, 1, null)]
    [InlineData(1, 1, "there is no cuda:1, GPUs found: 1")]
    [InlineData(0, 0, "there is no cuda:0, GPUs found: 0")]
    public void FindObstacle_AGpuThatIsNotThere_IsOne(int count, int deviceId, string? said) =>
        Assert.Equal(said, CudaProbe.FindObstacle(_ => true, () => 13_010, () => count, deviceId));

    [Fact]
    public void FindObstacle_AllThere_IsNone() => Assert.Null(FindObstacle(_ => true, () => 13_010));

    [Fact]
    public void FindObstacle_DriverDoesNotSayItsVersion_IsNone() => Assert.Null(FindObstacle(_ => true, () => null));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    public void FindObstacle_OneMissing_NamesItAndWhatIsWanted(int index)
    {
        string missing = CudaProbe.WantedLibraries[index],
            said = FindObstacle(library => CudaProbe.WantedLibraries.Contains(library) && library != missing, () => 13_000)!;
        Assert.StartsWith($"{missing} is missing", said, StringComparison.Ordinal);
        Assert.Contains("CUDA 13, cuDNN 9", said, StringComparison.Ordinal);
    }

    [Fact]
    public void FindObstacle_OtherVersionThere_NamesBoth()
    {
        string old = Runtime.Replace("13", "12", StringComparison.Ordinal),
            said = FindObstacle(
                library => library == old || (library != Runtime && CudaProbe.WantedLibraries.Contains(library)), () => 13_000)!;
        Assert.Equal($"{Runtime} is missing, and {old} is of another version (CUDA 13 and cuDNN 9 are needed)", said);
        old = Dnn.Replace("9", "8", StringComparison.Ordinal);
        said = FindObstacle(library => library == old || (library != Dnn && CudaProbe.WantedLibraries.Contains(library)),
            () => 13_000)!;
        Assert.Equal($"{Dnn} is missing, and {old} is of another version (CUDA 13 and cuDNN 9 are needed)", said);
    }

    [Fact]
    public void FindObstacle_OldDriver_NamesItsVersionBeforeAnyLibrary()
    {
        string said = FindObstacle(library => library == Driver, () => 12_040)!;
        Assert.Equal("the NVIDIA driver supports CUDA 12.4, but CUDA 13 is needed: install a newer driver", said);
    }

    [Theory]
    [InlineData(BlipDevice.Cpu, BlipPrecision.Fp16, "fp16 runs on CUDA only")]
    [InlineData(BlipDevice.Cuda, BlipPrecision.Fp16, "CUDA cannot be used")]
    [InlineData(BlipDevice.Cuda, BlipPrecision.Default, "CUDA cannot be used")]
    public void Choose_WhatCannotBeHad_IsRefusedAndNeverReplaced(BlipDevice device, BlipPrecision precision, string said)
    {
        BlipException exception = Assert.Throws<BlipException>(() => DeviceSelection.Choose(device, 0, precision, NullLogger.Instance));
        Assert.Equal(BlipErrorCode.DeviceUnavailable, exception.Code);
        Assert.Contains(said, exception.Message, StringComparison.Ordinal);
    }

    private static string? FindObstacle(Func<string, bool> isPresent, Func<int?> driverVersion) =>
        CudaProbe.FindObstacle(isPresent, driverVersion, () => null, deviceId: 0);
}
