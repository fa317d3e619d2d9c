using Blip.Checkpoints;
using Blip.Graphs;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Runtime;

/// <summary>
/// Makes the sessions of one model on one device: knows how their graphs are written there, and owns the weights that they share, so that
/// it outlives them. Thread-safe.
/// </summary>
internal sealed class SessionFactory : IDisposable
{
    private readonly DeviceSelection _selection;
    private readonly int _threads;
    private readonly int _deviceId;
    private readonly long? _gpuMemoryLimit;
    private readonly WeightStore _weights;
    private readonly string? _noCache;
    private int _profiles;

    /// <param name="checkpoint">The weights; outlives the factory.</param>
    /// <param name="selection">Where, and in which numbers.</param>
    /// <param name="threads">Threads of the process's pool, as <see cref="BlipOptions.PoolThreads"/> says.</param>
    /// <param name="cacheFolder">Where computed weights are kept, as <see cref="BlipOptions.CacheDirectory"/> says.</param>
    /// <param name="deviceId">As <see cref="BlipOptions.DeviceId"/> says.</param>
    /// <param name="gpuMemoryLimit">As <see cref="BlipOptions.GpuMemoryLimit"/> says.</param>
    public SessionFactory(
        Checkpoint checkpoint, DeviceSelection selection, int threads = 0, string? cacheFolder = null, int deviceId = 0,
        long? gpuMemoryLimit = null)
    {
        (Checkpoint, _selection, _threads) = (checkpoint, selection, threads);
        (_deviceId, _gpuMemoryLimit) = (deviceId, gpuMemoryLimit);
        string? problem = null;
        _weights = new WeightStore(checkpoint, IsInt8 ? WeightCache.Open(checkpoint, cacheFolder, out problem) : null);
        _noCache = problem;
        (SmallBatchForm, LargeBatchForm) = selection.Precision switch
        {
            BlipPrecision.Int8 => (LinearForm.Int8, LinearForm.Int8),
            BlipPrecision.Fp16 => (LinearForm.Half, LinearForm.Half),
            // The weight on the left makes up for a layout that a processor likes less.
            _ => (LinearForm.RowsFirst, selection.Device == BlipDevice.Cuda ? LinearForm.RowsFirst : LinearForm.WeightFirst),
        };
    }

    public Checkpoint Checkpoint { get; }

    /// <summary>Where each session writes ONNX Runtime's profile of it when it is disposed; <see langword="null"/> for none.</summary>
    public string? ProfileFolder { get; init; }

    public BlipConfig Config => Checkpoint.Config;

    public bool IsInt8 => _selection.Precision == BlipPrecision.Int8;

    /// <summary>How products are written that are fast for one row to three, and for an image's patches.</summary>
    public LinearForm SmallBatchForm { get; }

    /// <summary>How products are written that are fast for more rows.</summary>
    public LinearForm LargeBatchForm { get; }

    /// <summary>Whether packing the weights of a text network again makes it faster: not where they are packed already.</summary>
    public bool CanPack => _selection is (BlipDevice.Cpu, BlipPrecision.Fp32);

    /// <summary>Whether results stay where the sessions run, instead of in the process's own memory.</summary>
    public bool KeepsResults => _selection.Device == BlipDevice.Cuda || _selection.Precision == BlipPrecision.Fp16;

    /// <summary>
    /// Whether sessions can still be made after <see cref="Complete"/>: not where that keeps what all of them computed, or frees the
    /// weights.
    /// </summary>
    public bool MakesMoreLater => _selection.Device == BlipDevice.Cpu && (!IsInt8 || Cache is { IsFilled: true });

    /// <summary>Where computed weights are kept, if anywhere.</summary>
    public WeightCache? Cache => _weights.Cache;

    /// <summary>Why computed weights could not be kept, as a sentence; <see langword="null"/> where they could.</summary>
    public string? CacheProblem => _noCache ?? Cache?.Problem;

    /// <summary>Makes a session.</summary>
    /// <param name="graph">What it runs.</param>
    /// <param name="pack">Whether ONNX Runtime copies weights into its own layout; always so in int8.</param>
    /// <param name="packed">Shares what was copied with other sessions of the same weights; outlives the session.</param>
    public GraphSession Create(BlipGraph graph, bool pack = false, PrePackedWeightsContainer? packed = null)
    {
        using SessionOptions options = OrtRuntime.CreateOptions(_threads);
        if (ProfileFolder is not null)
        {
            // The number distinguishes sessions of the same name. The path must be set before profiling is switched on.
            options.ProfileOutputPathPrefix = Path.Combine(ProfileFolder, $"{graph.Name}-{Interlocked.Increment(ref _profiles)}");
            options.EnableProfiling = true;
        }
        if (_selection.Device == BlipDevice.Cuda)
            return GraphSession.CreateOnCuda(graph, _weights, options, _deviceId, _gpuMemoryLimit);
        // fp16 on a CPU is for tests: it runs all that CUDA would run, without CUDA.
        return _selection.Precision == BlipPrecision.Fp16
            ? GraphSession.CreateWhole(graph, _weights, options, OrtMemoryInfo.DefaultInstance)
            : GraphSession.Create(graph, _weights, options, pack || IsInt8, packed);
    }

    /// <summary>Makes sure of the weights that a session which is made later needs: what is kept and damaged is computed again.</summary>
    public void CheckWeights(BlipGraph graph)
    {
        foreach (GraphWeight weight in graph.Weights)
        {
            if (weight.Compute is not null)
                _weights.GetBytes(weight);
        }
        _weights.ReleasePages();
    }

    /// <summary>
    /// To be called when all sessions are made, or all but those that can be made later: keeps computed weights for the next start, and
    /// frees what a GPU has copied.
    /// </summary>
    /// <exception cref="BlipModelException">In int8: a weight is NaN or infinite.</exception>
    public void Complete()
    {
        // Activations in 8 bits lose a NaN: the answer would be wrong instead of missing. Kept weights were checked when they were made.
        if (IsInt8 && Cache is not { IsFilled: true } && Checkpoint.FindNonFiniteTensor() is { } tensor)
        {
            throw new BlipModelException(
                $"Tensor {tensor} has NaN or infinity, which int8 does not show. " +
                "Download the model's files again from where they were published.");
        }
        _weights.Keep();
        if (_selection.Device == BlipDevice.Cuda)
            _weights.Dispose();
    }

    public void Dispose() => _weights.Dispose();
}
