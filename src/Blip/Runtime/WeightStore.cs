using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Blip.Checkpoints;
using Blip.Graphs;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using DataType = Blip.Graphs.Onnx.TensorProto.Types.DataType;

namespace Blip.Runtime;

/// <summary>
/// The memory behind the graphs' weights. A large fp32 tensor is used in place in the mapped checkpoint; one stored in other bits than
/// are wanted is converted once; a computed one is made once. Sessions hold views, so the store outlives them.
/// </summary>
/// <param name="checkpoint">The weights; outlives the store.</param>
/// <param name="cache">Computed weights of earlier starts; the store's from here on.</param>
internal sealed unsafe class WeightStore(Checkpoint checkpoint, WeightCache? cache) : IDisposable
{
    /// <summary>
    /// Tensors of so many elements are copied: read in place, each would keep its neighbourhood of the file in memory.
    /// </summary>
    private const int Small = 1 << 14;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, nint> _copied = [], _halves = [];
    private readonly Dictionary<string, (GraphWeight Weight, nint Data, long Bytes)> _computed = [];
    private readonly List<OrtValue> _views = [];

    /// <summary>The real path of a file of the checkpoint's weights.</summary>
    public string File { get; } = checkpoint.Tensors.Values.First().RealPath;

    /// <summary>A view of the weight's memory.</summary>
    public OrtValue Get(GraphWeight weight)
    {
        // Outside the gate: a kept weight is read whole, and two threads make sessions.
        nint kept = Kept(weight);
        lock (_gate)
        {
            (nint data, long bytes) = Locate(weight, kept);
            OrtValue view = OrtValue.CreateTensorValueWithData(
                OrtMemoryInfo.DefaultInstance, ElementType(weight.Type), weight.Dims, data, bytes);
            _views.Add(view);
            return view;
        }
    }

    /// <summary>The weight's bytes.</summary>
    public ReadOnlySpan<byte> GetBytes(GraphWeight weight)
    {
        nint kept = Kept(weight);
        lock (_gate)
        {
            (nint data, long bytes) = Locate(weight, kept);
            return new ReadOnlySpan<byte>((void*)data, checked((int)bytes));
        }
    }

    /// <summary>Where computed weights are kept, if anywhere.</summary>
    public WeightCache? Cache => cache;

    /// <summary>Keeps what was computed for the next start.</summary>
    public void Keep()
    {
        if (cache is null || _computed.Count == 0)
            return;
        cache.Save([.. _computed.Values.Select(computed => new WeightBytes(
            computed.Weight.Name, TypeName(computed.Weight.Type), computed.Weight.Dims, computed.Data, computed.Bytes))]);
    }

    /// <summary>
    /// Removes the pages of the files that were read from the process's memory: a session that has copied its weights into its own layout
    /// reads them no more.
    /// </summary>
    public void ReleasePages()
    {
        checkpoint.ReleasePages();
        cache?.ReleasePages();
    }

    public void Dispose()
    {
        foreach (OrtValue view in _views)
            view.Dispose();
        foreach (nint data in (IEnumerable<nint>)[.. _copied.Values, .. _halves.Values,
            .. _computed.Values.Select(computed => computed.Data)])
            NativeMemory.AlignedFree((void*)data);
        _views.Clear();
        _copied.Clear();
        _halves.Clear();
        _computed.Clear();
        NativeHeap.Trim();
        cache?.Dispose();
    }

    private nint Kept(GraphWeight weight) => weight.Compute is null ? 0 : cache?.Find(weight.Name, BytesOf(weight)) ?? 0;

    private (nint Data, long Bytes) Locate(GraphWeight weight, nint kept)
    {
        if (weight.Compute is not null)
            return (kept != 0 ? kept : Computed(weight), BytesOf(weight));
        nint data = weight.Type == DataType.Float16 ? AsHalf(weight.Tensor) : Tensor(weight.Tensor);
        return (data + ((nint)weight.Offset * ElementSize(weight.Type)), BytesOf(weight));
    }

    private static long BytesOf(GraphWeight weight)
    {
        long elements = 1;
        foreach (long dim in weight.Dims)
            elements *= dim;
        return elements * ElementSize(weight.Type);
    }

    private nint Tensor(string name)
    {
        CheckpointTensor tensor = checkpoint.Tensors[name];
        if (tensor.IsInPlaceFloat32 && tensor.ElementCount > Small)
            return tensor.Data;
        if (!_copied.TryGetValue(name, out nint data))
        {
            data = Allocate(tensor.ElementCount * sizeof(float));
            tensor.CopyTo(new Span<float>((void*)data, checked((int)tensor.ElementCount)));
            _copied.Add(name, data);
        }
        return data;
    }

    private nint AsHalf(string name)
    {
        if (checkpoint.Tensors[name].IsInPlaceFloat16)
            return checkpoint.Tensors[name].Data;
        if (!_halves.TryGetValue(name, out nint data))
        {
            float[] values = Read(name);
            data = Allocate(values.Length * sizeof(ushort));
            TensorPrimitives.ConvertToHalf(values, new Span<Half>((void*)data, values.Length));
            _halves.Add(name, data);
        }
        return data;
    }

    private nint Computed(GraphWeight weight)
    {
        if (_computed.TryGetValue(weight.Name, out (GraphWeight Weight, nint Data, long Bytes) known))
            return known.Data;
        Array values = weight.Compute!(Read);
        int bytes = Buffer.ByteLength(values);
        nint data = Allocate(bytes);
        MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(values), bytes).CopyTo(new Span<byte>((void*)data, bytes));
        _computed.Add(weight.Name, (weight, data, bytes));
        return data;
    }

    private float[] Read(string name)
    {
        CheckpointTensor tensor = checkpoint.Tensors[name];
        float[] values = new float[tensor.ElementCount];
        tensor.CopyTo(values);
        return values;
    }

    private static nint Allocate(long bytes) => (nint)NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), 64);

    private static TensorElementType ElementType(DataType type) => type switch
    {
        DataType.Float => TensorElementType.Float,
        DataType.Float16 => TensorElementType.Float16,
        DataType.Int8 => TensorElementType.Int8,
        DataType.Uint8 => TensorElementType.UInt8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    private static string TypeName(DataType type) => type switch
    {
        DataType.Float => "F32",
        DataType.Int8 => "I8",
        DataType.Uint8 => "U8",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    private static int ElementSize(DataType type) => type switch
    {
        DataType.Float => 4,
        DataType.Float16 => 2,
        _ => 1,
    };
}
