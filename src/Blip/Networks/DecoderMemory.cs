using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Blip.Networks;

/// <summary>
/// Where a decoder's passes write their results, outside ONNX Runtime's arena: that keeps several times what the longest answer needed.
/// Two blocks take turns: a pass reads the cache from one and writes the longer cache into the other. Not thread-safe.
/// </summary>
/// <param name="vocabularySize">Logits in a row.</param>
/// <param name="cacheTensors">Keys and values of all layers.</param>
/// <param name="heads">Attention heads of a layer.</param>
/// <param name="headWidth">Numbers of a head.</param>
internal sealed unsafe class DecoderMemory(int vocabularySize, int cacheTensors, int heads, int headWidth) : IDisposable
{
    private Block _block = new(), _other = new();

    /// <summary>
    /// The results of the next pass: the logits [rows, V], then the cache's tensors [1, heads, total, h]. They hold until the pass after
    /// the next is prepared, and are disposed before.
    /// </summary>
    /// <param name="rows">Rows that the pass reads.</param>
    /// <param name="total">Rows in the cache after the pass.</param>
    public OrtValue[] Next(int rows, int total)
    {
        (_block, _other) = (_other, _block);
        long size = (long)heads * total * headWidth;
        float* data = _block.Take((cacheTensors * size) + ((long)rows * vocabularySize));
        OrtValue[] results = new OrtValue[1 + cacheTensors];
        results[0] = Value(data + (cacheTensors * size), rows, vocabularySize);
        for (int i = 0; i < cacheTensors; i++)
            results[1 + i] = Value(data + (i * size), 1, heads, total, headWidth);
        return results;
    }

    public void Dispose()
    {
        _block.Free();
        _other.Free();
    }

    private static OrtValue Value(float* data, params long[] shape) => OrtValue.CreateTensorValueWithData(
        OrtMemoryInfo.DefaultInstance, TensorElementType.Float, shape, (nint)data, ShapeUtils.GetSizeForShape(shape) * sizeof(float));

    private sealed class Block
    {
        private float* _data;
        private long _length;

        /// <summary>Memory for so many numbers. What was taken before is lost.</summary>
        public float* Take(long length)
        {
            if (length > _length)
            {
                // Pages that are never written cost nothing.
                long grown = Math.Max(length, 2 * _length);
                Free();
                _data = (float*)NativeMemory.AlignedAlloc(checked((nuint)grown * sizeof(float)), 64);
                _length = grown;
            }
            return _data;
        }

        public void Free()
        {
            NativeMemory.AlignedFree(_data);
            _data = null;
            // Where there is no memory for more, nothing is taken for memory that is gone.
            _length = 0;
        }
    }
}
