using System.Globalization;
using Blip.Graphs.Onnx;
using Google.Protobuf;

namespace Blip.Graphs;

/// <summary>A generated ONNX model and the weights that it declares but does not hold.</summary>
internal sealed record BlipGraph(string Name, ModelProto Model, IReadOnlyList<GraphWeight> Weights)
{
    /// <summary>Whether an output's values are read by the processor; all others go into another graph.</summary>
    public static bool IsReadBack(string output) => output is QuestionGraph.Output or DecoderGraph.Output;

    /// <summary>Whether something is added to the scores of an attention, as a mask is.</summary>
    public bool HasAttentionBias => Model.Graph.Node.Any(node => node.OpType == "MultiHeadAttention" && node.Input.Count > 5);

    /// <summary>The model's bytes, its weights said to lie in a file.</summary>
    /// <param name="weightFile">The file's name, relative to wherever the reader is told to look.</param>
    /// <param name="places">Where in the file each weight lies, in bytes; left out where a session is handed the memory instead.</param>
    public byte[] Write(string weightFile, IReadOnlyDictionary<string, (long Offset, long Length)>? places = null)
    {
        ModelProto model = Model.Clone();
        foreach (TensorProto tensor in model.Graph.Initializer)
        {
            if (tensor.DataLocation != TensorProto.Types.DataLocation.External)
                continue;
            Add(tensor, "location", weightFile);
            if (places is null)
                continue;
            (long offset, long length) = places[tensor.Name];
            Add(tensor, "offset", offset.ToString(CultureInfo.InvariantCulture));
            Add(tensor, "length", length.ToString(CultureInfo.InvariantCulture));
        }
        return model.ToByteArray();
    }

    /// <summary>The model's bytes with its weights inside, for a device that must have them copied to it. At most 2 GB.</summary>
    /// <param name="bytesOf">The bytes of a weight.</param>
    public byte[] WriteWhole(Func<GraphWeight, ByteString> bytesOf)
    {
        ModelProto model = Model.Clone();
        Dictionary<string, GraphWeight> weights = Weights.ToDictionary(w => w.Name, StringComparer.Ordinal);
        foreach (TensorProto tensor in model.Graph.Initializer)
        {
            if (tensor.DataLocation != TensorProto.Types.DataLocation.External)
                continue;
            tensor.DataLocation = TensorProto.Types.DataLocation.Default;
            tensor.RawData = bytesOf(weights[tensor.Name]);
        }
        return model.ToByteArray();
    }

    private static void Add(TensorProto tensor, string key, string value) =>
        tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
}
