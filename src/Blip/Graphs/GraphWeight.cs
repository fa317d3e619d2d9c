using Blip.Graphs.Onnx;

namespace Blip.Graphs;

/// <summary>
/// A weight as a graph uses it. It stays where it is: the graph only declares it, and the session is given the memory.
/// </summary>
/// <param name="Name">The initializer's name in the graph.</param>
/// <param name="Type">The element type that the graph declares.</param>
/// <param name="Dims">The shape that the graph declares; its elements are consecutive in the source.</param>
/// <param name="Tensor">The checkpoint tensor that holds it.</param>
/// <param name="Offset">Where it begins in that tensor, in elements: a row range of a stacked weight is an offset.</param>
/// <param name="Compute">Makes the values where they are not the checkpoint's own; <see langword="null"/> for a plain view.</param>
internal sealed record GraphWeight(
    string Name, TensorProto.Types.DataType Type, long[] Dims, string Tensor, long Offset, Func<WeightReader, Array>? Compute = null);

/// <summary>Gives the values of a checkpoint tensor, widened to fp32, to code that computes a weight from it.</summary>
internal delegate float[] WeightReader(string tensor);
