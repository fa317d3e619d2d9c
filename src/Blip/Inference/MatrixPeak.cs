using System.Diagnostics;
using Blip.Graphs;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using DataType = Blip.Graphs.Onnx.TensorProto.Types.DataType;

namespace Blip.Inference;

/// <summary>What the CPU gives to a product of two large fp32 matrices: the bound that a network's speed is judged by.</summary>
internal sealed class MatrixPeak : IDisposable
{
    private const int Size = 1024;

    private readonly SessionOptions _options;
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly OrtValue _left = Matrix(), _right = Matrix(), _product = Matrix();

    public MatrixPeak(int threads)
    {
        GraphBuilder graph = new("peak");
        graph.Output("product", graph.Node("MatMul", graph.Input("left", DataType.Float, Size, Size), graph.Input("right", DataType.Float, Size, Size)), DataType.Float, Size, Size);
        _options = OrtRuntime.CreateOptions(threads);
        _session = new InferenceSession(graph.Build().WriteWhole(_ => throw new UnreachableException()), _options);
    }

    /// <summary>Billions of floating-point operations a second, of one product.</summary>
    public double MeasureGflops()
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

    private static OrtValue Matrix()
    {
        OrtValue matrix = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorElementType.Float, [Size, Size]);
        matrix.GetTensorMutableDataAsSpan<float>().Fill(0.5f);
        return matrix;
    }
}
