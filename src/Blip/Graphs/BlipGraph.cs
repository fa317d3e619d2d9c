using System.Globalization;
using Blip.Graphs.Onnx;
using Google.Protobuf;

namespace Blip.Graphs;

/// <summary>A generated ONNX model. It declares its weights, but does not hold their values.</summary>
internal sealed record BlipGraph(string Name, ModelProto Model, IReadOnlyList<GraphWeight> Weights)
{
    /// <summary>Whether Blip's own code reads the values of an output. All other outputs are inputs of other graphs only.</summary>
    public static bool IsReadBack(string output) =>
        output is QuestionGraph.Output or QuestionGraph.Attention or DecoderGraph.Output or HeadGraph.Output;

    /// <summary>Whether an attention in the graph adds a bias, such as a mask, to its scores.</summary>
    public bool HasAttentionBias => Model.Graph.Node.Any(node => node.OpType == "MultiHeadAttention" && node.Input.Count > 5);

    /// <summary>The model's bytes. They say that the weights are in a separate file.</summary>
    /// <param name="weightFile">The file's name, relative to the reader's folder for external data.</param>
    /// <param name="positions">The position of each weight in the file, in bytes; null when the session gets the weights in memory.</param>
    public byte[] Write(string weightFile, IReadOnlyDictionary<string, (long Offset, long Length)>? positions = null)
    {
        ModelProto model = Model.Clone();
        foreach (TensorProto tensor in model.Graph.Initializer)
        {
            if (tensor.DataLocation != TensorProto.Types.DataLocation.External)
                continue;
            Add(tensor, "location", weightFile);
            if (positions is null)
                continue;
            (long offset, long length) = positions[tensor.Name];
            Add(tensor, "offset", offset.ToString(CultureInfo.InvariantCulture));
            Add(tensor, "length", length.ToString(CultureInfo.InvariantCulture));
        }
        return model.ToByteArray();
    }

    /// <summary>The model's bytes with its weights inside, for a device that needs a copy of them. At most 2 GB.</summary>
    /// <param name="bytesOf">Gives the bytes of a weight.</param>
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
