using System.Globalization;
using Blip.Graphs;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Runtime;

/// <summary>A generated graph ready to run. Thread-safe.</summary>
internal sealed class GraphSession : IDisposable
{
    // Of ONNX Runtime's bit set of attention kernels.
    private const int FlashAttention = 1, UnfusedAttention = 16;


    private readonly InferenceSession _session;
    private readonly OrtMemoryInfo? _resultMemory;

    private GraphSession(InferenceSession session, OrtMemoryInfo? resultMemory = null) =>
        (_session, _resultMemory) = (session, resultMemory);

    public IReadOnlyList<string> Inputs => _session.InputNames;

    public IReadOnlyList<string> Outputs => _session.OutputNames;

    /// <param name="graph">What to run.</param>
    /// <param name="weights">Holds the graph's weights; outlives the session.</param>
    /// <param name="options">Device and threads; disposed by the caller.</param>
    /// <param name="prepack">
    /// Whether ONNX Runtime may copy the weights into its own layout: faster products of many rows, at the price of seconds and
    /// of the weights' size in memory. Without it the weights are used in place.
    /// </param>
    /// <param name="prepacked">
    /// Shares what was copied with other sessions that have the same weights, which are then made one after the other; outlives the
    /// session.
    /// </param>
    public static GraphSession Create(
        BlipGraph graph, WeightStore weights, SessionOptions options, bool prepack, PrePackedWeightsContainer? prepacked)
    {
        // The weights' memory is handed over by name and the file is never read; ONNX Runtime only wants to see it exist.
        options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", Path.GetDirectoryName(weights.File)!);
        if (!prepack)
            options.AddSessionConfigEntry("session.disable_prepacking", "1");
        foreach (GraphWeight weight in graph.Weights)
            options.AddInitializer(weight.Name, weights.Get(weight));
        byte[] model = graph.Write(Path.GetFileName(weights.File));
        GraphSession session = new(
            prepacked is null ? new InferenceSession(model, options) : new InferenceSession(model, options, prepacked));
        if (prepack)
            weights.ReleasePages();
        return session;
    }

    /// <summary>A session on CUDA, whose results stay on the device. Never run on a GPU so far.</summary>
    /// <param name="graph">What to run.</param>
    /// <param name="weights">Holds the graph's weights, which are copied.</param>
    /// <param name="options">Threads; disposed by the caller.</param>
    /// <param name="deviceId">Which GPU, counted from 0.</param>
    /// <param name="memoryLimit">The most device memory that the session may take, in bytes, or <see langword="null"/>.</param>
    public static GraphSession CreateOnCuda(
        BlipGraph graph, WeightStore weights, SessionOptions options, int deviceId, long? memoryLimit)
    {
        using OrtCUDAProviderOptions cuda = new();
        cuda.UpdateOptions(CudaSettings(graph, deviceId, memoryLimit));
        options.AppendExecutionProvider_CUDA(cuda);
        return CreateWhole(
            graph, weights, options, new OrtMemoryInfo("Cuda", OrtAllocatorType.DeviceAllocator, deviceId, OrtMemType.Default));
    }

    /// <summary>The CUDA provider's settings for a graph.</summary>
    internal static Dictionary<string, string> CudaSettings(BlipGraph graph, int deviceId, long? memoryLimit)
    {
        // TF32 would keep 10 bits of the 23. Memory grows by what is asked for: by default it doubles.
        Dictionary<string, string> settings = new()
        {
            ["device_id"] = deviceId.ToString(CultureInfo.InvariantCulture), ["use_tf32"] = "0",
            ["arena_extend_strategy"] = "kSameAsRequested",
        };
        // The memory-efficient kernel, a default for 8 rows and more, reads a bias as if its rows began at multiples of 16 bytes. Ours have
        // any length: flash attention where it can, or single steps.
        if (graph.HasAttentionBias)
            settings["sdpa_kernel"] = (FlashAttention | UnfusedAttention).ToString(CultureInfo.InvariantCulture);
        if (memoryLimit is { } limit)
            settings["gpu_mem_limit"] = limit.ToString(CultureInfo.InvariantCulture);
        return settings;
    }

    /// <summary>A session with its weights inside the model, since ONNX Runtime copies only its own to a device.</summary>
    /// <param name="graph">What to run.</param>
    /// <param name="weights">Holds the graph's weights, which are copied.</param>
    /// <param name="options">Device and threads; disposed by the caller.</param>
    /// <param name="resultMemory">Where results stay that only other sessions read.</param>
    public static GraphSession CreateWhole(BlipGraph graph, WeightStore weights, SessionOptions options, OrtMemoryInfo resultMemory) =>
        new(new InferenceSession(graph.WriteWhole(weight => ByteString.CopyFrom(weights.GetBytes(weight))), options), resultMemory);

    /// <summary>Runs once. The caller disposes what it gets.</summary>
    /// <param name="inputs">In the order of <see cref="Inputs"/>, wherever they are.</param>
    /// <param name="control">Of the run that this pass is part of.</param>
    public IDisposableReadOnlyCollection<OrtValue> Run(IReadOnlyCollection<OrtValue> inputs, RunControl control)
    {
        if (_resultMemory is null)
            return control.Run(options => _session.Run(options, _session.InputNames, inputs, _session.OutputNames));
        using OrtIoBinding binding = _session.CreateIoBinding();
        foreach ((string name, OrtValue value) in _session.InputNames.Zip(inputs))
            binding.BindInput(name, value);
        foreach (string name in _session.OutputNames)
            binding.BindOutputToDevice(name, BlipGraph.IsReadBack(name) ? OrtMemoryInfo.DefaultInstance : _resultMemory);
        return control.Run(options =>
        {
            _session.RunWithBinding(options, binding);
            binding.SynchronizeBoundOutputs();
            return binding.GetOutputValues();
        });
    }

    /// <summary>Runs once into memory that the caller made.</summary>
    public void Run(IReadOnlyCollection<OrtValue> inputs, IReadOnlyCollection<OrtValue> outputs, RunControl control) =>
        control.Run(options =>
        {
            _session.Run(options, _session.InputNames, inputs, _session.OutputNames, outputs);
            return true;
        });

    public void Dispose() => _session.Dispose();
}
