using Blip.Decoding;
using Blip.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Networks;

/// <summary>
/// The decoder over one flat cache: every row read so far, of whichever answer, is a position of one sequence, and masks keep
/// each row to its ancestors and its answer's question. Not thread-safe: one search, one decoder.
/// </summary>
internal sealed class AnswerDecoder : IAnswerDecoder, IDisposable
{
    /// <summary>From this many rows on, the decoder is faster as it is written for many.</summary>
    private const int LargeBatchRows = 4;

    private readonly GraphSession _smallBatch, _largeBatch;
    private readonly IDisposableReadOnlyCollection<OrtValue> _cross;
    private readonly RunControl _control;
    private readonly int[] _questionEnds;
    private readonly List<DecoderRow> _read = [];
    private readonly OrtValue _empty;
    private readonly DecoderCache? _cache;
    private IReadOnlyList<OrtValue>? _last;

    /// <param name="smallBatch">The decoder's graph as it is fast for one row to three.</param>
    /// <param name="largeBatch">The same as it is fast for more.</param>
    /// <param name="cross">Keys and values of all questions' states; owned from here on.</param>
    /// <param name="questionLengths">How many of those states belong to each question, in order.</param>
    /// <param name="vocabularySize">Logits in a row.</param>
    /// <param name="cache">
    /// Where the graphs write in place; <see langword="null"/> for graphs whose results stay where the sessions run. Disposed here.
    /// </param>
    /// <param name="control">Of the run that this is part of; outlives the decoder.</param>
    public AnswerDecoder(
        GraphSession smallBatch, GraphSession largeBatch, IDisposableReadOnlyCollection<OrtValue> cross, ReadOnlySpan<int> questionLengths,
        int vocabularySize, DecoderCache? cache, RunControl control)
    {
        (_smallBatch, _largeBatch) = (smallBatch, largeBatch);
        (_cross, _cache, _control) = (cross, cache, control);
        VocabularySize = vocabularySize;
        _questionEnds = new int[questionLengths.Length];
        int end = 0;
        for (int i = 0; i < questionLengths.Length; i++)
            _questionEnds[i] = end += questionLengths[i];
        OrtTensorTypeAndShapeInfo keys = cross[0].GetTensorTypeAndShape();
        _empty = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, keys.ElementDataType, [1, keys.Shape[1], 0, keys.Shape[3]]);
    }

    public int VocabularySize { get; }

    public ReadOnlySpan<float> Step(ReadOnlySpan<DecoderRow> rows)
    {
        int past = _read.Count, total = past + rows.Length, states = _questionEnds[^1];
        long[] ids = new long[rows.Length], positions = new long[rows.Length];
        float[] bias = new float[rows.Length * total], crossBias = new float[rows.Length * states];
        Array.Fill(bias, QuestionPack.Masked);
        Array.Fill(crossBias, QuestionPack.Masked);
        _read.AddRange(rows);
        for (int i = 0; i < rows.Length; i++)
        {
            ids[i] = rows[i].Token;
            bias[(i * total) + past + i] = 0;
            for (int ancestor = rows[i].Parent; ancestor != DecoderRow.None; ancestor = _read[ancestor].Parent, positions[i]++)
                bias[(i * total) + ancestor] = 0;
            int answer = rows[i].Answer, begin = answer == 0 ? 0 : _questionEnds[answer - 1];
            crossBias.AsSpan((i * states) + begin, _questionEnds[answer] - begin).Clear();
        }

        using OrtValue idsValue = OrtValue.CreateTensorValueFromMemory(ids, [rows.Length]);
        using OrtValue positionsValue = OrtValue.CreateTensorValueFromMemory(positions, [rows.Length]);
        using OrtValue biasValue = OrtValue.CreateTensorValueFromMemory(bias, [1, 1, rows.Length, total]);
        using OrtValue crossBiasValue = OrtValue.CreateTensorValueFromMemory(crossBias, [1, 1, rows.Length, states]);
        GraphSession session = rows.Length < LargeBatchRows ? _smallBatch : _largeBatch;
        List<OrtValue> inputs = new(session.Inputs.Count) { idsValue, positionsValue, biasValue, crossBiasValue };
        if (_cache is null)
            RunApart(session, inputs);
        else
            RunInPlace(session, inputs, rows.Length, past);
        return _last![0].GetTensorDataAsSpan<float>();
    }

    public void Forget()
    {
        _read.Clear();
        DisposeLast();
    }

    public void Dispose()
    {
        DisposeLast();
        _cross.Dispose();
        _empty.Dispose();
        _cache?.Dispose();
    }

    private void RunInPlace(GraphSession session, List<OrtValue> inputs, int rows, int past)
    {
        int total = past + rows;
        using OrtValue lastValue = OrtValue.CreateTensorValueFromMemory([total - 1], [1]);
        using OrtValue totalValue = OrtValue.CreateTensorValueFromMemory([total], []);
        OrtValue[] cached = _cache!.Reserve(total, past);
        inputs.AddRange([lastValue, totalValue]);
        AddLayers(inputs, cached);
        DisposeLast();
        OrtValue logits = _cache.Logits(rows);
        _last = [logits];
        session.Run(inputs, [logits, .. cached], _control);
    }

    private void RunApart(GraphSession session, List<OrtValue> inputs)
    {
        // Output 0 is the logits; the cache follows in the same order as the inputs.
        AddLayers(inputs, _last is null ? [.. Enumerable.Repeat(_empty, _cross.Count)] : [.. _last.Skip(1)]);
        IReadOnlyList<OrtValue> result = session.Run(inputs, _control);
        DisposeLast();
        _last = result;
    }

    /// <summary>In the order in which the graph declares them: layer by layer the cache, then the cross keys and values.</summary>
    private void AddLayers(List<OrtValue> inputs, OrtValue[] cached)
    {
        for (int i = 0; i < _cross.Count; i += 2)
            inputs.AddRange([cached[i], cached[i + 1], _cross[i], _cross[i + 1]]);
    }

    private void DisposeLast()
    {
        foreach (OrtValue value in _last ?? [])
            value.Dispose();
        _last = null;
    }
}
