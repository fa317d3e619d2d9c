using Blip.Graphs.Onnx;

namespace Blip.Graphs;

/// <summary>
/// A weight of a graph. The graph only declares it. Its values stay in the checkpoint, and the session gets a pointer to them.
/// </summary>
/// <param name="Name">The initializer's name in the graph.</param>
/// <param name="Type">The element type that the graph declares.</param>
/// <param name="Dims">The shape that the graph declares. Its elements are consecutive in the tensor.</param>
/// <param name="Tensor">The checkpoint's tensor that holds the values.</param>
/// <param name="Offset">
/// The index of the weight's first element in that tensor. It is not 0 if the tensor stacks more than one weight.
/// </param>
/// <param name="Compute">
/// Computes the values from the checkpoint's tensors; <see langword="null"/> when the tensor holds the values themselves.
/// </param>
internal sealed record GraphWeight(
    string Name, TensorProto.Types.DataType Type, long[] Dims, string Tensor, long Offset, Func<WeightReader, Array>? Compute = null);

/// <summary>Reads the values of a checkpoint's tensor as fp32, for code that computes a weight from them.</summary>
internal delegate float[] WeightReader(string tensor);
