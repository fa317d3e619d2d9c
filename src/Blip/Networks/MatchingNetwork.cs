using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Blip.Decoding;
using Blip.Graphs;
using Blip.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Networks;

/// <summary>
/// The architecture <c>BlipForImageTextRetrieval</c>: the vision network, the encoder of texts, which reads them with the image or
/// alone, and the heads.
/// </summary>
internal sealed class MatchingNetwork : ImageNetwork
{
    private readonly TextEncoder _encoder;
    private readonly LazySession _match, _text, _image;
    private readonly ConditionalWeakTable<ImageEmbeddings, float[]> _vectors = [];

    /// <param name="sessions">Makes the sessions; owned from here on.</param>
    /// <param name="bytesChanged">Gets every change of the native memory of encoded images, in bytes.</param>
    public MatchingNetwork(SessionFactory sessions, Action<long>? bytesChanged = null)
        : base(sessions, bytesChanged)
    {
        _encoder = new TextEncoder(sessions, readsTextAlone: true);
        _match = new LazySession(() => sessions.Create(HeadGraph.ForMatch(sessions.Config)));
        _text = new LazySession(() => sessions.Create(HeadGraph.ForTexts(sessions.Config)));
        _image = new LazySession(() => sessions.Create(HeadGraph.ForImage(sessions.Config, sessions.SmallBatchForm)));
    }

    public override IReadOnlyList<string> ProbeTexts { get; } =
        ["a picture", "a person", "a dog on the grass", "a house and a tree", "two people on the street at night", "colorful rectangles"];

    protected override (Action Make, int Share)[] Parts =>
        [(_encoder.Prepare, 5), (_encoder.PrepareProjection, 1), (() => _ = (_image.Value, _match.Value, _text.Value), 0)];

    /// <summary>Encodes pixels uint8 [H, W, 3] to embeddings and one vector. The caller holds the one reference to the result.</summary>
    public override ImageEmbeddings Encode(Memory<byte> pixels, CancellationToken cancellationToken)
    {
        ImageEmbeddings embeddings = base.Encode(pixels, cancellationToken);
        try
        {
            VectorOf(embeddings, cancellationToken);
            return embeddings;
        }
        catch
        {
            embeddings.Release();
            throw;
        }
    }

    /// <summary>The vector of an image, of unit length. It is made with the embeddings, or when those came from another network.</summary>
    public float[] VectorOf(ImageEmbeddings embeddings, CancellationToken cancellationToken)
    {
        if (_vectors.TryGetValue(embeddings, out float[]? known))
            return known;
        using RunControl control = new(cancellationToken);
        float[] vector = Run(_image, embeddings.Value, control);
        Unit(vector);
        if (!float.IsFinite(TensorPrimitives.Sum<float>(vector)))
            throw new NonFiniteException();
        _vectors.AddOrUpdate(embeddings, vector);
        return vector;
    }

    /// <summary>The logits of texts being untrue and true of an image, [texts, 2].</summary>
    public float[] Match(ImageEmbeddings embeddings, ReadOnlySpan<int[]> texts, CancellationToken cancellationToken)
    {
        Sessions.Checkpoint.ThrowIfShrunk();
        using RunControl control = new(cancellationToken);
        float[] states = new float[QuestionPack.CountTokens(texts) * _encoder.Width];
        _encoder.Encode(embeddings, texts, states, control);
        return RunFirst(_match, states, texts, control);
    }

    /// <summary>The vectors of texts, of unit length, [texts, size].</summary>
    public float[] Embed(ReadOnlySpan<int[]> texts, CancellationToken cancellationToken)
    {
        Sessions.Checkpoint.ThrowIfShrunk();
        using RunControl control = new(cancellationToken);
        float[] states = new float[QuestionPack.CountTokens(texts) * _encoder.Width];
        _encoder.EncodeAlone(texts, states, control);
        float[] vectors = RunFirst(_text, states, texts, control);
        int size = vectors.Length / texts.Length;
        for (int i = 0; i < texts.Length; i++)
            Unit(vectors.AsSpan(i * size, size));
        return vectors;
    }

    public override float[] ProbeLogits(ImageEmbeddings embeddings, int[] ids) => Match(embeddings, [ids], CancellationToken.None);

    protected override void PackText(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _encoder.Pack();
    }

    protected override void DisposeParts()
    {
        _encoder.Dispose();
        _match.Dispose();
        _text.Dispose();
        _image.Dispose();
    }

    /// <summary>Runs a head over the states of each text's first token.</summary>
    private float[] RunFirst(LazySession head, float[] states, ReadOnlySpan<int[]> texts, RunControl control)
    {
        int width = _encoder.Width, token = 0;
        float[] first = new float[texts.Length * width];
        for (int i = 0; i < texts.Length; token += texts[i++].Length)
            states.AsSpan(token * width, width).CopyTo(first.AsSpan(i * width));
        using OrtValue x = OrtValue.CreateTensorValueFromMemory(first, [texts.Length, width]);
        return Run(head, x, control);
    }

    private static float[] Run(LazySession head, OrtValue x, RunControl control)
    {
        using IDisposableReadOnlyCollection<OrtValue> result = head.Value.Run([x], control);
        return result[0].GetTensorDataAsSpan<float>().ToArray();
    }

    /// <summary>Brings a vector to unit length; one of zeros stays, as in PyTorch.</summary>
    private static void Unit(Span<float> vector) =>
        TensorPrimitives.Divide(vector, Math.Max(TensorPrimitives.Norm<float>(vector), 1e-12f), vector);
}
