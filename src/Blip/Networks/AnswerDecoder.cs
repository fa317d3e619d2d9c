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
    private readonly DecoderMemory? _memory;
    private IReadOnlyList<OrtValue>? _last;

    /// <param name="smallBatch">The decoder's graph as it is fast for one row to three.</param>
    /// <param name="largeBatch">The same as it is fast for more.</param>
    /// <param name="cross">Keys and values of all questions' states; owned from here on.</param>
    /// <param name="questionLengths">How many of those states belong to each question, in order.</param>
    /// <param name="vocabularySize">Logits in a row.</param>
    /// <param name="keepsResults">Whether results stay where the sessions run, as <see cref="SessionFactory.KeepsResults"/> says.</param>
    /// <param name="control">Of the run that this is part of; outlives the decoder.</param>
    public AnswerDecoder(
        GraphSession smallBatch, GraphSession largeBatch, IDisposableReadOnlyCollection<OrtValue> cross, ReadOnlySpan<int> questionLengths,
        int vocabularySize, bool keepsResults, RunControl control)
    {
        (_smallBatch, _largeBatch) = (smallBatch, largeBatch);
        (_cross, _control) = (cross, control);
        VocabularySize = vocabularySize;
        _questionEnds = new int[questionLengths.Length];
        int end = 0;
        for (int i = 0; i < questionLengths.Length; i++)
            _questionEnds[i] = end += questionLengths[i];
        OrtTensorTypeAndShapeInfo keys = cross[0].GetTensorTypeAndShape();
        _empty = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, keys.ElementDataType, [1, keys.Shape[1], 0, keys.Shape[3]]);
        if (!keepsResults)
            _memory = new DecoderMemory(vocabularySize, cross.Count, (int)keys.Shape[1], (int)keys.Shape[3]);
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
        IReadOnlyList<OrtValue> result = Run(
            session, Inputs(idsValue, positionsValue, biasValue, crossBiasValue), rows.Length, total);
        DisposeLast();
        _last = result;
        return result[0].GetTensorDataAsSpan<float>();
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
        _memory?.Dispose();
    }

    private IReadOnlyList<OrtValue> Run(GraphSession session, List<OrtValue> inputs, int rows, int total)
    {
        if (_memory is null)
            return session.Run(inputs, _control);
        OrtValue[] results = _memory.Next(rows, total);
        try
        {
            session.Run(inputs, results, _control);
            return results;
        }
        catch
        {
            Dispose(results);
            throw;
        }
    }

    private void DisposeLast()
    {
        if (_last is not null)
            Dispose(_last);
        _last = null;
    }

    private static void Dispose(IEnumerable<OrtValue> values)
    {
        foreach (OrtValue value in values)
            value.Dispose();
    }

    /// <summary>In the order in which the graph declares them: layer by layer the cache, then the cross keys and values.</summary>
    private List<OrtValue> Inputs(OrtValue ids, OrtValue positions, OrtValue bias, OrtValue crossBias)
    {
        List<OrtValue> inputs = new(_smallBatch.Inputs.Count) { ids, positions, bias, crossBias };
        for (int i = 0; i < _cross.Count; i += 2)
        {
            // Output 0 is the logits; the cache follows in the same order as the inputs.
            inputs.Add(_last is null ? _empty : _last[1 + i]);
            inputs.Add(_last is null ? _empty : _last[2 + i]);
            inputs.Add(_cross[i]);
            inputs.Add(_cross[i + 1]);
        }
        return inputs;
    }
}
