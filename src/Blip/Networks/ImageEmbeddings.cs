using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Blip.Networks;

/// <summary>
/// What the vision transformer made of one image: its embeddings in native or device memory and, where many questions
/// are asked, keys and values made of them. Shared by counting references:
/// the cache holds one, every question under way one, every <see cref="EncodedImage"/> one; the last to go frees it.
/// </summary>
internal sealed unsafe class ImageEmbeddings
{
    private readonly void* _data;
    private readonly IDisposableReadOnlyCollection<OrtValue>? _computed;
    private readonly Lock _projecting = new();
    private int _references = 1;
    private int _askedTokens;
    private IDisposableReadOnlyCollection<OrtValue>? _projected;

    /// <summary>Room for embeddings in fp32 in the process's own memory, which goes back to the system when it is released.</summary>
    public ImageEmbeddings(int tokens, int width)
    {
        EmbeddingBytes = (long)tokens * width * sizeof(float);
        _data = NativeMemory.AlignedAlloc((nuint)EmbeddingBytes, 64);
        Value = OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, TensorElementType.Float, [1, tokens, width], (nint)_data, EmbeddingBytes);
    }

    /// <summary>Embeddings where a run has left them, on a device as a rule.</summary>
    /// <param name="computed">The run's one result; owned from here on.</param>
    public ImageEmbeddings(IDisposableReadOnlyCollection<OrtValue> computed)
    {
        _computed = computed;
        Value = computed[0];
        OrtTensorTypeAndShapeInfo info = Value.GetTensorTypeAndShape();
        EmbeddingBytes = info.ElementCount * (info.ElementDataType == TensorElementType.Float16 ? 2 : sizeof(float));
    }

    /// <summary>The memory it takes in bytes. Grows when it is projected.</summary>
    public long Bytes => EmbeddingBytes * (1 + (Volatile.Read(ref _projected)?.Count ?? 0));

    private long EmbeddingBytes { get; }

    /// <summary>The embeddings [1, N + 1, D].</summary>
    public OrtValue Value { get; }

    /// <summary>When encoding began, as a timestamp of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public long EncodeStart { get; set; }

    /// <summary>What encoding took.</summary>
    public TimeSpan EncodeTime { get; set; }

    /// <summary>
    /// The image's projected keys and values, layer by layer, or <see langword="null"/> while questions are too few for them to pay:
    /// they are made once the work they would have saved so far exceeds the work of making them.
    /// </summary>
    /// <param name="tokens">The tokens of the questions to be asked now.</param>
    /// <param name="worthTokens">The tokens from which on projecting pays.</param>
    /// <param name="project">Projects the embeddings.</param>
    public IReadOnlyList<OrtValue>? Project(int tokens, int worthTokens, Func<OrtValue, IDisposableReadOnlyCollection<OrtValue>> project)
    {
        lock (_projecting)
        {
            _askedTokens = Math.Min(_askedTokens + tokens, worthTokens);
            if (_projected is null && _askedTokens >= worthTokens)
                Volatile.Write(ref _projected, project(Value));
            return _projected;
        }
    }

    /// <summary>Takes a reference; only for somebody who knows that one is still held.</summary>
    public ImageEmbeddings AddReference()
    {
        Interlocked.Increment(ref _references);
        return this;
    }

    /// <summary>Takes a reference unless the last one is gone; for somebody who may come too late.</summary>
    public bool TryAddReference()
    {
        int seen = Volatile.Read(ref _references);
        while (seen > 0)
        {
            int before = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (before == seen)
                return true;
            seen = before;
        }
        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) > 0)
            return;
        _projected?.Dispose();
        Value.Dispose();
        _computed?.Dispose();
        NativeMemory.AlignedFree(_data);
    }
}
