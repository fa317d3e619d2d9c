using System.IO.Hashing;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Blip.Checkpoints;

/// <summary>A tensor where it lies in a checkpoint's file. Readable until its <see cref="Checkpoint"/> is disposed; thread-safe.</summary>
public sealed unsafe class CheckpointTensor
{
    private const int Chunk = 1 << 16, Sample = 256;

    private readonly MappedFile _source;
    private readonly long[]? _strides;
    private readonly Action<Span<float>>? _derive;

    internal CheckpointTensor(
        string name, MappedFile source, long offset, long byteLength, TensorType type, string storedType, IReadOnlyList<long> shape,
        long[]? strides = null)
    {
        (Name, _source, Offset, ByteLength, Shape, _strides) = (name, source, offset, byteLength, shape, strides);
        (Type, StoredType) = (type, storedType);
        Data = source.Address + (nint)offset;
        ElementCount = 1;
        foreach (long dimension in shape)
            ElementCount *= dimension;
    }

    private CheckpointTensor(CheckpointTensor origin, IReadOnlyList<long> shape, Action<Span<float>> derive)
        : this(origin.Name, origin._source, origin.Offset, 0, TensorType.F32, "F32", shape) =>
        _derive = derive;

    /// <summary>The name in PyTorch, for example <c>text_encoder.encoder.layer.0.attention.self.query.weight</c>.</summary>
    public string Name { get; }

    /// <summary>The name of the file that holds it.</summary>
    public string File => _source.Name;

    /// <summary>Where it begins in the file, in bytes.</summary>
    public long Offset { get; }

    /// <summary>The element type.</summary>
    public TensorType Type { get; }

    /// <summary>The element type as the file calls it; F32 where the elements are computed.</summary>
    public string StoredType { get; }

    /// <summary>The dimensions; weights of linear layers are [outputs, inputs].</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>The product of the dimensions.</summary>
    public long ElementCount { get; }

    /// <summary>The size of the elements as they are stored, in bytes.</summary>
    internal long ByteLength { get; }

    /// <summary>The real path of the file, links followed.</summary>
    internal string RealPath => _source.RealPath;

    /// <summary>Where it is mapped.</summary>
    internal nint Data { get; }

    /// <summary>Whether the bytes can be used as fp32 where they are.</summary>
    internal bool IsInPlaceFloat32 => Type == TensorType.F32 && IsRun;

    /// <summary>Whether the bytes can be used as fp16 where they are.</summary>
    internal bool IsInPlaceFloat16 => Type == TensorType.F16 && IsRun;

    /// <summary>Whether the elements lie in the file one after the other.</summary>
    private bool IsRun => _strides is null && _derive is null;

    /// <summary>A tensor to take this one's place. Its elements take no memory: they are computed whenever they are read.</summary>
    /// <param name="shape">Its dimensions.</param>
    /// <param name="derive">Writes the elements in row-major order; thread-safe.</param>
    internal CheckpointTensor Derive(IReadOnlyList<long> shape, Action<Span<float>> derive) => new(this, shape, derive);

    /// <summary>Copies the elements in row-major order. Those stored as F16 or BF16 become fp32, which is exact.</summary>
    /// <param name="destination">At least <see cref="ElementCount"/> long.</param>
    /// <exception cref="BlipModelException">The tensor is of another type.</exception>
    /// <exception cref="ObjectDisposedException">The checkpoint is disposed.</exception>
    public void CopyTo(Span<float> destination)
    {
        ThrowIfNoWeight();
        destination = destination[..checked((int)ElementCount)];
        using MapHold hold = _source.Hold();
        if (_derive is not null)
        {
            _derive(destination);
            return;
        }
        if (_strides is not null)
        {
            CopyStrided(destination);
            return;
        }
        fixed (float* target = destination)
        {
            nint start = (nint)target;
            int chunks = (destination.Length + Chunk - 1) / Chunk, length = destination.Length;
            Parallel.For(0, chunks, i =>
            {
                int begin = i * Chunk;
                ToSingle(begin, new Span<float>((float*)start + begin, Math.Min(Chunk, length - begin)));
            });
        }
    }

    /// <summary>The same tensor under another name.</summary>
    internal CheckpointTensor Named(string name) => new(name, _source, Offset, ByteLength, Type, StoredType, Shape, _strides);

    /// <summary>Checks that the tensor is of a type that weights are read in.</summary>
    /// <exception cref="BlipModelException">It is of another type.</exception>
    internal void ThrowIfNoWeight()
    {
        if (Type == TensorType.Other)
        {
            throw new BlipModelException(
                $"Tensor {Name} in {File} is stored as {StoredType}; weights are read as F32, F16 or BF16. " +
                "Use the model in one of these types.");
        }
    }

    /// <summary>Whether another tensor has the same type, shape and bytes.</summary>
    /// <exception cref="ObjectDisposedException">The checkpoint is disposed.</exception>
    internal bool HasBytesOf(CheckpointTensor other)
    {
        if (StoredType != other.StoredType || !Shape.SequenceEqual(other.Shape) || !IsRun || !other.IsRun)
            return false;
        using MapHold hold = _source.Hold(), otherHold = other._source.Hold();
        const int Most = 1 << 26;
        for (long at = 0; at < ByteLength && Data != other.Data; at += Most)
        {
            int length = (int)Math.Min(Most, ByteLength - at);
            if (!new ReadOnlySpan<byte>((byte*)Data + at, length).SequenceEqual(new ReadOnlySpan<byte>((byte*)other.Data + at, length)))
                return false;
        }
        return true;
    }

    /// <summary>Whether no element is NaN or infinite.</summary>
    /// <exception cref="ObjectDisposedException">The checkpoint is disposed.</exception>
    internal bool IsFinite()
    {
        if (!IsRun)
            return AllFinite(Copy());
        using MapHold hold = _source.Hold();
        float[] values = new float[Math.Min(Chunk, ElementCount)];
        for (long begin = 0; begin < ElementCount; begin += Chunk)
        {
            Span<float> part = values.AsSpan(0, (int)Math.Min(Chunk, ElementCount - begin));
            ToSingle(begin, part);
            // Large values can overflow the sum, so only then is each element tested.
            if (!float.IsFinite(TensorPrimitives.SumOfMagnitudes<float>(part)) && !AllFinite(part))
                return false;
        }
        return true;

        static bool AllFinite(ReadOnlySpan<float> part)
        {
            foreach (float value in part)
            {
                if (!float.IsFinite(value))
                    return false;
            }
            return true;
        }
    }

    /// <summary>
    /// The SHA-256 of the elements' bytes in row-major order. The elements of a tensor that is not a weight change no answer and do not
    /// count: its hash is that of no bytes.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The checkpoint is disposed.</exception>
    internal byte[] Hash()
    {
        if (Type == TensorType.Other)
            return SHA256.HashData([]);
        if (!IsRun)
            return SHA256.HashData(MemoryMarshal.AsBytes<float>(Copy()));
        using MapHold hold = _source.Hold();
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        const int Most = 1 << 26;
        for (long at = 0; at < ByteLength; at += Most)
            hash.AppendData(new ReadOnlySpan<byte>((byte*)Data + at, (int)Math.Min(Most, ByteLength - at)));
        return hash.GetHashAndReset();
    }

    /// <summary>A fast hash of the name and of bytes at the begin, in the middle and at the end: it reads three pages at most.</summary>
    /// <exception cref="ObjectDisposedException">The checkpoint is disposed.</exception>
    internal ulong HashSample()
    {
        XxHash3 hash = new();
        hash.Append(MemoryMarshal.AsBytes(Name.AsSpan()));
        if (Type == TensorType.Other)
            return hash.GetCurrentHashAsUInt64();
        if (!IsRun)
        {
            hash.Append(MemoryMarshal.AsBytes<float>(Copy()));
            return hash.GetCurrentHashAsUInt64();
        }
        using MapHold hold = _source.Hold();
        int length = (int)Math.Min(Sample, ByteLength);
        foreach (long at in (ReadOnlySpan<long>)[0, (ByteLength - length) / 2, ByteLength - length])
            hash.Append(new ReadOnlySpan<byte>((byte*)Data + at, length));
        return hash.GetCurrentHashAsUInt64();
    }

    /// <summary>The elements in row-major order, as <see cref="CopyTo"/> has them.</summary>
    internal float[] Copy()
    {
        float[] values = new float[ElementCount];
        CopyTo(values);
        return values;
    }

    /// <summary>Reads elements that lie one after the other. The caller holds the map.</summary>
    private void ToSingle(long begin, Span<float> destination)
    {
        switch (Type)
        {
            case TensorType.F32:
                new ReadOnlySpan<float>((float*)Data + begin, destination.Length).CopyTo(destination);
                break;
            case TensorType.F16:
                TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>((Half*)Data + begin, destination.Length), destination);
                break;
            case TensorType.BF16:
                ReadOnlySpan<ushort> upper = new((ushort*)Data + begin, destination.Length);
                Span<uint> bits = MemoryMarshal.Cast<float, uint>(destination);
                for (int i = 0; i < upper.Length; i++)
                    bits[i] = (uint)upper[i] << 16;
                break;
            default:
                throw new InvalidOperationException($"Tensor {Name} is not a weight.");
        }
    }

    /// <summary>A transposed or sliced view, as PyTorch can store it: rare, and small enough to go element by element.</summary>
    private void CopyStrided(Span<float> destination)
    {
        long[] strides = _strides!;
        long[] index = new long[Shape.Count];
        for (int i = 0; i < destination.Length; i++)
        {
            long offset = 0;
            for (int d = 0; d < index.Length; d++)
                offset += index[d] * strides[d];
            ToSingle(offset, destination.Slice(i, 1));
            for (int d = index.Length - 1; d >= 0 && ++index[d] == Shape[d]; d--)
                index[d] = 0;
        }
    }
}
