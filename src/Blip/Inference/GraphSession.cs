using Blip.Graphs;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Inference;

/// <summary>A generated graph ready to run. Thread-safe.</summary>
internal sealed class GraphSession : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();

    private GraphSession(InferenceSession session) => _session = session;

    public IReadOnlyList<string> Inputs => _session.InputNames;

    public IReadOnlyList<string> Outputs => _session.OutputNames;

    /// <param name="graph">What to run.</param>
    /// <param name="weights">Holds the graph's weights; outlives the session.</param>
    /// <param name="options">Device and threads; disposed by the caller.</param>
    /// <param name="prepack">
    /// Whether ONNX Runtime may copy the weights into its own layout: faster products of many rows, at the price of seconds and
    /// of the weights' size in memory. Without it the weights are used where they lie.
    /// </param>
    /// <param name="prepacked">Shares what was copied with other sessions that have the same weights, which are then made one after the other; outlives the session.</param>
    public static GraphSession Create(BlipGraph graph, WeightStore weights, SessionOptions options, bool prepack, PrePackedWeightsContainer? prepacked)
    {
        // The weights' memory is handed over by name and the file is never read; ONNX Runtime only wants to see it exist.
        options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", Path.GetDirectoryName(weights.File)!);
        if (!prepack)
            options.AddSessionConfigEntry("session.disable_prepacking", "1");
        foreach (GraphWeight weight in graph.Weights)
            options.AddInitializer(weight.Name, weights.Get(weight));
        byte[] model = graph.Write(Path.GetFileName(weights.File));
        GraphSession session = new(prepacked is null ? new InferenceSession(model, options) : new InferenceSession(model, options, prepacked));
        if (prepack)
            weights.LetGo();
        return session;
    }

    /// <summary>A session on CUDA. The weights go into the model, since ONNX Runtime copies only its own to the device. Never run on a GPU so far.</summary>
    public static GraphSession CreateOnCuda(BlipGraph graph, WeightStore weights, SessionOptions options)
    {
        using OrtCUDAProviderOptions cuda = new();
        // TF32 would keep 10 bits of the 23.
        cuda.UpdateOptions(new Dictionary<string, string> { ["use_tf32"] = "0" });
        options.AppendExecutionProvider_CUDA(cuda);
        return new GraphSession(new InferenceSession(graph.WriteWhole(weight => ByteString.CopyFrom(weights.GetBytes(weight))), options));
    }

    /// <summary>Runs once. The caller disposes what it gets.</summary>
    /// <param name="inputs">In the order of <see cref="Inputs"/>.</param>
    public IDisposableReadOnlyCollection<OrtValue> Run(IReadOnlyCollection<OrtValue> inputs) =>
        _session.Run(_runOptions, _session.InputNames, inputs, _session.OutputNames);

    /// <summary>Runs once into memory that the caller made.</summary>
    public void Run(IReadOnlyCollection<OrtValue> inputs, IReadOnlyCollection<OrtValue> outputs) =>
        _session.Run(_runOptions, _session.InputNames, inputs, _session.OutputNames, outputs);

    public void Dispose()
    {
        _session.Dispose();
        _runOptions.Dispose();
    }
}
