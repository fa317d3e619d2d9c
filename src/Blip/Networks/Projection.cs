using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Blip.Networks;

/// <summary>
/// The keys and values that the question encoder's cross-attention makes of one image's embeddings, layer by layer. References are counted:
/// a run that reads them holds one, so that they may be given up meanwhile. Thread-safe.
/// </summary>
/// <param name="values">What the projection gave; owned from here on.</param>
internal sealed class Projection(IDisposableReadOnlyCollection<OrtValue> values) : IDisposable
{
    private int _references = 1;

    /// <summary><c>k0</c>, <c>v0</c>, ... [1, heads, N, D / heads] each.</summary>
    public IReadOnlyList<OrtValue> Values => values;

    /// <summary>The memory that they take.</summary>
    public long Bytes { get; } = values.Sum(BytesOf);

    public Projection AddReference()
    {
        Interlocked.Increment(ref _references);
        return this;
    }

    /// <summary>Releases one reference.</summary>
    public void Dispose()
    {
        if (Interlocked.Decrement(ref _references) == 0)
            values.Dispose();
    }

    private static long BytesOf(OrtValue value)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        return info.ElementCount * (info.ElementDataType == TensorElementType.Float16 ? 2 : sizeof(float));
    }
}
