using System.Numerics;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Blip.Networks;

/// <summary>
/// The memory of a decoder's passes, outside ONNX Runtime's arena, which would keep several times what the longest answer needed: keys and
/// values that each pass adds its rows to, and its logits. Kept from answer to answer, since the system's fresh pages cost more than what
/// is written to them. Not thread-safe.
/// </summary>
/// <param name="vocabularySize">Logits in a row.</param>
/// <param name="cacheTensors">Keys and values of all layers.</param>
/// <param name="heads">Attention heads of a layer.</param>
/// <param name="headWidth">Numbers of a head.</param>
/// <param name="giveBack">Takes it when a decoder disposes it: to keep it for the next one, or to free it.</param>
internal sealed unsafe class DecoderCache(
    int vocabularySize, int cacheTensors, int heads, int headWidth, Action<DecoderCache> giveBack) : IDisposable
{
    private const int FewestRows = 16;

    private float* _rows, _logits;
    private int _capacity, _logitRows;
    private OrtValue[] _tensors = [];

    /// <summary>The memory that it holds.</summary>
    public long Bytes => sizeof(float) * (((long)cacheTensors * heads * _capacity * headWidth) + ((long)_logitRows * vocabularySize));

    /// <summary>The cache's tensors [1, heads, C, h], C being at least <paramref name="total"/>. They hold until more are wanted.</summary>
    /// <param name="total">Rows in the cache after the next pass.</param>
    /// <param name="read">Rows that were read before, and are kept.</param>
    public OrtValue[] Reserve(int total, int read)
    {
        if (total <= _capacity)
            return _tensors;
        int capacity = Math.Max((int)BitOperations.RoundUpToPowerOf2((uint)total), FewestRows);
        float* grown = Allocate((long)cacheTensors * heads * capacity * headWidth);
        for (long head = 0; head < (long)cacheTensors * heads; head++)
        {
            new Span<float>(_rows + (head * _capacity * headWidth), read * headWidth)
                .CopyTo(new Span<float>(grown + (head * capacity * headWidth), read * headWidth));
        }
        FreeRows();
        _rows = grown;
        (_capacity, _tensors) = (capacity, new OrtValue[cacheTensors]);
        for (int i = 0; i < cacheTensors; i++)
            _tensors[i] = Value(_rows + ((long)i * heads * capacity * headWidth), 1, heads, capacity, headWidth);
        return _tensors;
    }

    /// <summary>The logits [rows, V] of the next pass; the caller disposes the value. They hold until the pass after.</summary>
    public OrtValue Logits(int rows)
    {
        if (rows > _logitRows)
        {
            FreeLogits();
            _logits = Allocate((long)rows * vocabularySize);
            _logitRows = rows;
        }
        return Value(_logits, rows, vocabularySize);
    }

    public void Dispose() => giveBack(this);

    public void Free()
    {
        FreeRows();
        FreeLogits();
    }

    private void FreeLogits()
    {
        NativeMemory.AlignedFree(_logits);
        _logits = null;
        // Where there is no memory for more, nothing is taken for memory that is gone.
        _logitRows = 0;
    }

    private void FreeRows()
    {
        foreach (OrtValue tensor in _tensors)
            tensor.Dispose();
        NativeMemory.AlignedFree(_rows);
        _rows = null;
        (_capacity, _tensors) = (0, []);
    }

    private static float* Allocate(long length) => (float*)NativeMemory.AlignedAlloc(checked((nuint)length * sizeof(float)), 64);

    private static OrtValue Value(float* data, params long[] shape) => OrtValue.CreateTensorValueWithData(
        OrtMemoryInfo.DefaultInstance, TensorElementType.Float, shape, (nint)data, ShapeUtils.GetSizeForShape(shape) * sizeof(float));
}
