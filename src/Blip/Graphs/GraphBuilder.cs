using System.Globalization;
using System.Runtime.InteropServices;
using Blip.Graphs.Onnx;
using Google.Protobuf;
using DataType = Blip.Graphs.Onnx.TensorProto.Types.DataType;

namespace Blip.Graphs;

/// <summary>Builds one ONNX graph, node by node. Every method that adds a node returns the name of the node's output.</summary>
/// <param name="name">The graph's name.</param>
/// <param name="form">How the graph's linear layers are written. The form also decides the element type of the graph.</param>
internal sealed class GraphBuilder(string name, LinearForm form = LinearForm.RowsFirst)
{
    /// <summary>The domain of ONNX Runtime's own fused operators.</summary>
    public const string Fused = "com.microsoft";

    private const int IrVersion = 10;
    private const int OnnxOpset = 20;

    private readonly GraphProto _graph = new() { Name = name };
    private readonly Dictionary<string, GraphWeight> _weights = [];
    private readonly HashSet<string> _constants = [];
    private int _nodes;

    /// <summary>How linear layers are written.</summary>
    public LinearForm Form => form;

    /// <summary>The element type of weights and activations, unless another one is given: fp32 or fp16.</summary>
    public DataType Real => form == LinearForm.Half ? DataType.Float16 : DataType.Float;

    /// <summary>Finishes the graph.</summary>
    public BlipGraph Build()
    {
        ModelProto model = new() { IrVersion = IrVersion, ProducerName = "Blip", Graph = _graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = OnnxOpset });
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = Fused, Version = 1 });
        return new BlipGraph(name, model, [.. _weights.Values]);
    }

    /// <summary>Declares an input. A dimension is a number, or a name if its size varies.</summary>
    public string Input(string input, DataType type, params object[] dims)
    {
        _graph.Input.Add(Describe(input, type, dims));
        return input;
    }

    /// <summary>Declares that <paramref name="value"/> is an output with the name <paramref name="output"/>.</summary>
    public void Output(string output, string value, DataType type, params object[] dims)
    {
        if (output != value)
            Named("Identity", [value], [output]);
        _graph.Output.Add(Describe(output, type, dims));
    }

    /// <summary>Declares a tensor of the checkpoint as a weight, or only its elements from <paramref name="offset"/> on.</summary>
    public string Weight(string tensor, long[] dims, long offset = 0) => Weight(tensor, dims, Real, offset);

    /// <summary>Declares a tensor of the checkpoint as a weight in fp32 or fp16.</summary>
    public string Weight(string tensor, long[] dims, DataType type, long offset = 0)
    {
        string weight = offset == 0 ? tensor : string.Create(CultureInfo.InvariantCulture, $"{tensor}+{offset}");
        if (type == DataType.Float16)
            weight += ":fp16";
        // One tensor can have two shapes in a graph: a matrix, and the same matrix split by heads. Each is a separate initializer.
        if (_weights.TryGetValue(weight, out GraphWeight? known) && !known.Dims.AsSpan().SequenceEqual(dims))
            weight += ":" + string.Join('x', dims);
        return Declare(new GraphWeight(weight, type, dims, tensor, offset));
    }

    /// <summary>Declares a weight whose values are computed when a session is created.</summary>
    public string Weight(string weight, DataType type, long[] dims, Func<WeightReader, Array> compute) =>
        Declare(new GraphWeight(weight, type, dims, weight, 0, compute));

    /// <summary>A small vector of integers, such as a shape or an axis. The graph itself holds its values.</summary>
    public string Constant(params long[] values)
    {
        string constant = "i64[" + string.Join(',', values) + "]";
        if (_constants.Add(constant))
            AddConstant(constant, DataType.Int64, [values.Length], MemoryMarshal.AsBytes<long>(values));
        return constant;
    }

    public string Node(string op, params ReadOnlySpan<string> inputs) => Node(op, "", inputs);

    public string Node(string op, string domain, ReadOnlySpan<string> inputs, params ReadOnlySpan<AttributeProto> attributes) =>
        Named(op, inputs, [NewName(op)], domain, attributes);

    /// <summary>Adds a node whose outputs have the given names. Returns the first name.</summary>
    public string Named(
        string op, ReadOnlySpan<string> inputs, ReadOnlySpan<string> outputs, string domain = "",
        params ReadOnlySpan<AttributeProto> attributes)
    {
        NodeProto node = new() { OpType = op, Domain = domain, Name = outputs[0] };
        foreach (string input in inputs)
            node.Input.Add(input);
        foreach (string output in outputs)
            node.Output.Add(output);
        foreach (AttributeProto attribute in attributes)
            node.Attribute.Add(attribute);
        _graph.Node.Add(node);
        return outputs[0];
    }

    public string NewName(string op) => string.Create(CultureInfo.InvariantCulture, $"{op}_{_nodes++}");

    public static AttributeProto Attribute(string name, long value) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    public static AttributeProto Attribute(string name, float value) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Float, F = value };

    public static AttributeProto Attribute(string name, params long[] values)
    {
        AttributeProto attribute = new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        attribute.Ints.Add(values);
        return attribute;
    }

    private string Declare(GraphWeight weight)
    {
        if (_weights.TryAdd(weight.Name, weight))
        {
            // Declared as external data. Its file and position are set when the model is written.
            TensorProto tensor = new()
            {
                Name = weight.Name, DataType = weight.Type, DataLocation = TensorProto.Types.DataLocation.External,
            };
            tensor.Dims.Add(weight.Dims);
            _graph.Initializer.Add(tensor);
        }
        return weight.Name;
    }

    private void AddConstant(string constant, DataType type, long[] dims, ReadOnlySpan<byte> data)
    {
        TensorProto tensor = new() { Name = constant, DataType = type, RawData = ByteString.CopyFrom(data) };
        tensor.Dims.Add(dims);
        _graph.Initializer.Add(tensor);
    }

    private static ValueInfoProto Describe(string value, DataType type, object[] dims)
    {
        TensorShapeProto shape = new();
        foreach (object dim in dims)
        {
            shape.Dim.Add(dim is string symbol
                ? new TensorShapeProto.Types.Dimension { DimParam = symbol }
                : new TensorShapeProto.Types.Dimension { DimValue = Convert.ToInt64(dim, CultureInfo.InvariantCulture) });
        }
        TypeProto.Types.Tensor tensor = new() { ElemType = type, Shape = shape };
        return new ValueInfoProto { Name = value, Type = new TypeProto { TensorType = tensor } };
    }
}
