using System.Diagnostics;
using Blip.Graphs;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using DataType = Blip.Graphs.Onnx.TensorProto.Types.DataType;

namespace Blip.Runtime;

/// <summary>What the CPU gives to a product of two large matrices: the bound that a network's speed is judged by.</summary>
internal sealed class MatrixPeak : IDisposable
{
    private const int Size = 1024;

    private readonly SessionOptions _options;
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly OrtValue _left, _right, _product;

    /// <param name="threads">Threads of the process's pool.</param>
    /// <param name="int8">Bytes into 32-bit sums, instead of fp32.</param>
    public MatrixPeak(int threads, bool int8)
    {
        GraphBuilder graph = new("peak");
        string left = graph.Input("left", int8 ? DataType.Uint8 : DataType.Float, Size, Size);
        string right = graph.Input("right", int8 ? DataType.Int8 : DataType.Float, Size, Size);
        string product = graph.Node(int8 ? "MatMulInteger" : "MatMul", left, right);
        graph.Output("product", product, int8 ? DataType.Int32 : DataType.Float, Size, Size);
        _options = OrtRuntime.CreateOptions(threads);
        _session = new InferenceSession(graph.Build().WriteWhole(_ => throw new UnreachableException()), _options);
        (_left, _right, _product) = int8
            ? (Matrix(TensorElementType.UInt8), Matrix(TensorElementType.Int8), Matrix(TensorElementType.Int32))
            : (Matrix(TensorElementType.Float), Matrix(TensorElementType.Float), Matrix(TensorElementType.Float));
    }

    /// <summary>Billions of operations a second, of one product.</summary>
    public double Measure()
    {
        long start = Stopwatch.GetTimestamp();
        _session.Run(_run, ["left", "right"], [_left, _right], ["product"], [_product]);
        return 2e-9 * Size * Size * Size / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose()
    {
        _session.Dispose();
        _options.Dispose();
        _run.Dispose();
        _left.Dispose();
        _right.Dispose();
        _product.Dispose();
    }

    // ONNX Runtime's own memory: aligned, without which the product takes twice as long.
    private static OrtValue Matrix(TensorElementType type)
    {
        OrtValue matrix = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, type, [Size, Size]);
        matrix.GetTensorMutableRawData().Clear();
        return matrix;
    }
}
