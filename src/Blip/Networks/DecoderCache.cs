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
    private long _roomForRows;
    private int _batch = 1, _capacity, _logitRows;
    private OrtValue[] _tensors = [];

    /// <summary>Numbers of a row in all heads.</summary>
    public int Width => heads * headWidth;

    /// <summary>The memory that it holds.</summary>
    public long Bytes => sizeof(float) * ((cacheTensors * _roomForRows * Width) + ((long)_logitRows * vocabularySize));

    /// <summary>The cache's tensors [B, heads, C, h], C being at least <paramref name="total"/>. They hold until they are others.</summary>
    /// <param name="total">Rows of a sequence after the next pass.</param>
    /// <param name="read">Rows that were read before, and are kept.</param>
    public OrtValue[] Reserve(int total, int read)
    {
        if (total <= _capacity)
            return _tensors;
        float* before = _rows;
        (int batch, int capacity) = (_batch, _capacity);
        Take(batch, total);
        for (long head = 0; head < (long)cacheTensors * batch * heads; head++)
            Copy(before + (head * capacity * headWidth), _rows + (head * _capacity * headWidth), read);
        NativeMemory.AlignedFree(before);
        return _tensors;
    }

    /// <summary>Puts rows into other sequences.</summary>
    /// <param name="batch">How many sequences there are from now on.</param>
    /// <param name="total">How many rows a sequence has.</param>
    /// <param name="rows">Where each row is, and where it goes. Others are lost.</param>
    public void Arrange(int batch, int total, IReadOnlyCollection<(int Sequence, int Place, int ToSequence, int ToPlace)> rows)
    {
        float* before = _rows;
        (int batchBefore, int capacityBefore) = (_batch, _capacity);
        Take(batch, total);
        // A masked row still is multiplied by 0.
        NativeMemory.Clear(_rows, checked((nuint)(cacheTensors * _roomForRows * Width * sizeof(float))));
        for (long tensor = 0; tensor < cacheTensors; tensor++)
        {
            foreach ((int sequence, int place, int toSequence, int toPlace) in rows)
            {
                for (int head = 0; head < heads; head++)
                {
                    long from = ((((tensor * batchBefore) + sequence) * heads) + head) * capacityBefore;
                    long to = ((((tensor * batch) + toSequence) * heads) + head) * _capacity;
                    Copy(before + ((from + place) * headWidth), _rows + ((to + toPlace) * headWidth), 1);
                }
            }
        }
        NativeMemory.AlignedFree(before);
    }

    /// <summary>Keeps some of the sequences, in their order.</summary>
    public void Keep(IReadOnlyList<int> sequences)
    {
        long length = (long)heads * _capacity * headWidth;
        for (long tensor = 0; tensor < cacheTensors; tensor++)
        {
            for (int i = 0; i < sequences.Count; i++)
            {
                float* from = _rows + (((tensor * _batch) + sequences[i]) * length);
                float* to = _rows + (((tensor * sequences.Count) + i) * length);
                if (from != to)
                    Buffer.MemoryCopy(from, to, length * sizeof(float), length * sizeof(float));
            }
        }
        _batch = sequences.Count;
        SetTensors();
    }

    /// <summary>Goes back to one sequence, whose rows are not known.</summary>
    public void Clear()
    {
        if (_capacity == _roomForRows)
            return;
        (_batch, _capacity) = (1, (int)_roomForRows);
        SetTensors();
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

    public void Dispose()
    {
        Clear();
        giveBack(this);
    }

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
        NativeMemory.AlignedFree(_rows);
        _rows = null;
        (_batch, _capacity, _roomForRows) = (1, 0, 0);
        SetTensors();
    }

    /// <summary>Takes memory for so many rows. What was there is the caller's.</summary>
    private void Take(int batch, int total)
    {
        int capacity = Math.Max((int)BitOperations.RoundUpToPowerOf2((uint)total), FewestRows);
        _rows = Allocate(cacheTensors * (long)batch * capacity * Width);
        (_batch, _capacity, _roomForRows) = (batch, capacity, (long)batch * capacity);
        SetTensors();
    }

    private void SetTensors()
    {
        foreach (OrtValue tensor in _tensors)
            tensor.Dispose();
        _tensors = new OrtValue[_rows is null ? 0 : cacheTensors];
        for (int i = 0; i < _tensors.Length; i++)
            _tensors[i] = Value(_rows + ((long)i * _batch * heads * _capacity * headWidth), _batch, heads, _capacity, headWidth);
    }

    private void Copy(float* from, float* to, int rows) =>
        new Span<float>(from, rows * headWidth).CopyTo(new Span<float>(to, rows * headWidth));

    private static float* Allocate(long length) => (float*)NativeMemory.AlignedAlloc(checked((nuint)length * sizeof(float)), 64);

    private static OrtValue Value(float* data, params long[] shape) => OrtValue.CreateTensorValueWithData(
        OrtMemoryInfo.DefaultInstance, TensorElementType.Float, shape, (nint)data, ShapeUtils.GetSizeForShape(shape) * sizeof(float));
}
