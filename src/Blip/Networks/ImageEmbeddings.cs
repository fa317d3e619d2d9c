using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Blip.Networks;

/// <summary>
/// What the vision network made of one image: its embeddings in native or device memory and, where many questions are asked, keys and
/// values made of them. Shared by counting references: the cache holds one, every question under way one, every
/// <see cref="EncodedImage"/> one; the last to go frees it. Thread-safe.
/// </summary>
internal sealed unsafe class ImageEmbeddings
{
    private readonly void* _data;
    private readonly IDisposableReadOnlyCollection<OrtValue>? _computed;
    private readonly Action<long>? _bytesChanged;
    private readonly Lock _gate = new();
    private int _references = 1;
    private int _askedTokens;
    private bool _isProjecting;
    private Projection? _projection;
    private object? _projector;

    /// <summary>Room for embeddings in fp32 in the process's own memory, which goes back to the system when it is released.</summary>
    /// <param name="tokens">The image's patches and one more.</param>
    /// <param name="width">The width of the vision network.</param>
    /// <param name="bytesChanged">Gets every change of the native memory, in bytes.</param>
    public ImageEmbeddings(int tokens, int width, Action<long>? bytesChanged = null)
    {
        EmbeddingBytes = (long)tokens * width * sizeof(float);
        _data = NativeMemory.AlignedAlloc((nuint)EmbeddingBytes, 64);
        Value = OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, TensorElementType.Float, [1, tokens, width], (nint)_data, EmbeddingBytes);
        _bytesChanged = bytesChanged;
        Changed(EmbeddingBytes);
    }

    /// <summary>Embeddings where a run has left them, on a device as a rule.</summary>
    /// <param name="computed">The run's one result; owned from here on.</param>
    /// <param name="bytesChanged">Gets every change of the native memory, in bytes.</param>
    public ImageEmbeddings(IDisposableReadOnlyCollection<OrtValue> computed, Action<long>? bytesChanged = null)
    {
        _computed = computed;
        Value = computed[0];
        OrtTensorTypeAndShapeInfo info = Value.GetTensorTypeAndShape();
        EmbeddingBytes = info.ElementCount * (info.ElementDataType == TensorElementType.Float16 ? 2 : sizeof(float));
        _bytesChanged = bytesChanged;
        Changed(EmbeddingBytes);
    }

    /// <summary>The embeddings [1, N + 1, D].</summary>
    public OrtValue Value { get; }

    /// <summary>The memory that it takes now, in bytes.</summary>
    public long Bytes => EmbeddingBytes + ProjectedBytes;

    /// <summary>The part of <see cref="Bytes"/> that keys and values take.</summary>
    public long ProjectedBytes => Volatile.Read(ref _projection)?.Bytes ?? 0;

    /// <summary>How many frames it is made of; 1 for an image alone.</summary>
    public int Frames { get; init; } = 1;

    /// <summary>Who counts the memory, if anybody does.</summary>
    public IEmbeddingsOwner? Owner { get; set; }

    /// <summary>When encoding began, as a timestamp of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public long EncodeStart { get; set; }

    /// <summary>What encoding took.</summary>
    public TimeSpan EncodeTime { get; set; }

    private long EmbeddingBytes { get; }

    /// <summary>
    /// The image's keys and values, or <see langword="null"/> while questions are too few for them to pay: they are made once the work that
    /// they would have saved so far exceeds the work of making them. Callers that come meanwhile continue without them. They belong to
    /// the text weights of one encoder: an encoder of another model that shares the image continues without them, too.
    /// </summary>
    /// <param name="encoder">Who asks.</param>
    /// <param name="tokens">The tokens of the questions to be asked now.</param>
    /// <param name="worthTokens">The tokens from which on projecting pays.</param>
    /// <param name="bytes">What the projection will take.</param>
    /// <param name="project">Projects the embeddings.</param>
    /// <returns>A reference, which the caller disposes.</returns>
    public Projection? Project(
        object encoder, int tokens, int worthTokens, long bytes, Func<OrtValue, IDisposableReadOnlyCollection<OrtValue>> project)
    {
        lock (_gate)
        {
            if (_projection is not null)
                return ReferenceEquals(_projector, encoder) ? _projection.AddReference() : null;
            _askedTokens = Math.Min(_askedTokens + tokens, worthTokens);
            if (_askedTokens < worthTokens || _isProjecting || Owner?.Admits(EmbeddingBytes + bytes) == false)
                return null;
            _isProjecting = true;
        }

        Projection? made = null;
        try
        {
            made = new Projection(project(Value));
        }
        finally
        {
            lock (_gate)
            {
                _isProjecting = false;
                _projector = encoder;
                Volatile.Write(ref _projection, made?.AddReference());
            }
        }
        Changed(made.Bytes);
        Owner?.BytesChanged();
        return made;
    }

    /// <summary>Releases keys and values, if there are any. They are made again only when that saves work again.</summary>
    public void DropProjection()
    {
        Projection? dropped;
        lock (_gate)
        {
            dropped = _projection;
            _askedTokens = 0;
            Volatile.Write(ref _projection, null);
        }
        if (dropped is null)
            return;
        Changed(-dropped.Bytes);
        dropped.Dispose();
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
        DropProjection();
        Value.Dispose();
        _computed?.Dispose();
        NativeMemory.AlignedFree(_data);
        Changed(-EmbeddingBytes);
    }

    /// <summary>The collector sees an object of some bytes only, and would let many of them wait.</summary>
    private void Changed(long bytes)
    {
        if (bytes > 0)
            GC.AddMemoryPressure(bytes);
        else
            GC.RemoveMemoryPressure(-bytes);
        _bytesChanged?.Invoke(bytes);
    }
}
