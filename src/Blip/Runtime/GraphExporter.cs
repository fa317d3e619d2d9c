using Blip.Checkpoints;
using Blip.Graphs;

namespace Blip.Runtime;

/// <summary>
/// Writes a checkpoint's graphs as self-contained ONNX files, for those who want the files: any ONNX Runtime opens them by their path.
/// </summary>
internal static class GraphExporter
{
    private const int Alignment = 4096;

    /// <summary>
    /// Writes <c>vision</c>, <c>question</c>, <c>cross</c> and <c>decoder</c>, each as <c>.onnx</c> with its weights in <c>.onnx.data</c>
    /// beside it.
    /// </summary>
    /// <exception cref="BlipModelException">The checkpoint does not answer questions.</exception>
    public static void Export(Checkpoint checkpoint, string folder, CancellationToken cancellationToken)
    {
        checkpoint.Architecture.ThrowUnless(QuestionAnsweringArchitecture.ArchitectureName, Path.GetFileName(checkpoint.Directory));
        OrtRuntime.EnsureEnvironment();
        using WeightStore weights = new(checkpoint, cache: null);
        BlipConfig config = checkpoint.Config;
        foreach (BlipGraph graph in (BlipGraph[])
            [
                VisionGraph.Build(config, checkpoint.Preprocessor),
                QuestionGraph.Build(config, LinearForm.RowsFirst, AttendedImage.Embedded),
                KeyValueGraph.ForDecoder(config, LinearForm.RowsFirst),
                DecoderGraph.Build(config, checkpoint.IsHeadTied, LinearForm.RowsFirst),
            ])
        {
            cancellationToken.ThrowIfCancellationRequested();
            string name = graph.Name + ".onnx", data = name + ".data";
            Dictionary<string, (long, long)> places = WriteWeights(graph, weights, Path.Combine(folder, data));
            File.WriteAllBytes(Path.Combine(folder, name), graph.Write(data, places));
        }
    }

    private static Dictionary<string, (long Offset, long Length)> WriteWeights(BlipGraph graph, WeightStore weights, string path)
    {
        Dictionary<string, (long, long)> places = [];
        using FileStream file = File.Create(path);
        foreach (GraphWeight weight in graph.Weights)
        {
            ReadOnlySpan<byte> bytes = weights.GetBytes(weight);
            file.Position = (file.Position + Alignment - 1) / Alignment * Alignment;
            places.Add(weight.Name, (file.Position, bytes.Length));
            file.Write(bytes);
        }
        return places;
    }
}
