using Blip.Checkpoints;
using Blip.Graphs;
using Blip.Runtime;
using Xunit;

namespace Blip.Tests.Runtime;

/// <summary>What CUDA's provider is told, as far as that can be seen without a GPU.</summary>
public sealed class CudaSettingsTests : IDisposable
{
    private const string AttentionKernels = "sdpa_kernel";

    private readonly Checkpoint _checkpoint = Checkpoint.Open(TestPaths.DemoModel);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void CudaSettings_AttentionWithABias_IsKeptFromTheKernelThatWantsAlignedRows(bool half)
    {
        LinearForm form = half ? LinearForm.Half : LinearForm.RowsFirst;
        BlipConfig config = _checkpoint.Config;
        foreach (BlipGraph graph in (BlipGraph[])[QuestionGraph.Build(config, form, AttendedImage.Embedded),
            QuestionGraph.Build(config, form, AttendedImage.Projected), DecoderGraph.Build(config, tied: true, form)])
            Assert.Equal("17", GraphSession.CudaSettings(graph, deviceId: 0, memoryLimit: null)[AttentionKernels]);
        foreach (BlipGraph graph in (BlipGraph[])[VisionGraph.Build(config, _checkpoint.Preprocessor, form),
            KeyValueGraph.ForDecoder(config, form)])
            Assert.DoesNotContain(AttentionKernels, GraphSession.CudaSettings(graph, deviceId: 0, memoryLimit: null).Keys);
    }

    [Fact]
    public void CudaSettings_AreExactAndBounded()
    {
        BlipGraph graph = KeyValueGraph.ForDecoder(_checkpoint.Config, LinearForm.RowsFirst);
        Assert.Equal("0", GraphSession.CudaSettings(graph, deviceId: 0, memoryLimit: null)["use_tf32"]);
        Assert.DoesNotContain("gpu_mem_limit", GraphSession.CudaSettings(graph, deviceId: 0, memoryLimit: null).Keys);
        Assert.Equal("2147483648", GraphSession.CudaSettings(graph, deviceId: 0, memoryLimit: 1L << 31)["gpu_mem_limit"]);
        Assert.Equal("1", GraphSession.CudaSettings(graph, deviceId: 1, memoryLimit: null)["device_id"]);
    }

    public void Dispose() => _checkpoint.Dispose();
}
