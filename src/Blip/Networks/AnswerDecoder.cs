using Blip.Decoding;
using Blip.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Networks;

/// <summary>
/// The decoder over one flat cache: every row read so far, of whichever answer, is a position of one sequence, and masks keep
/// each row to its ancestors and its answer's question. Long answers that go on side by side, none of them in several ways, get a sequence
/// each instead: then no row is compared with the rows of other answers. Not thread-safe: one search, one decoder.
/// </summary>
internal sealed class AnswerDecoder : IAnswerDecoder, IDisposable
{
    /// <summary>From this many rows on, the decoder is faster as it is written for many.</summary>
    private const int LargeBatchRows = 4;

    /// <summary>Tokens of an answer from which on a sequence of its own is worth the moving.</summary>
    private const int LongAnswer = 8;

    private readonly GraphSession _smallBatch, _largeBatch;
    private readonly IDisposableReadOnlyCollection<OrtValue> _cross;
    private readonly RunControl _control;
    private readonly int[] _questionEnds;
    private readonly List<DecoderRow> _read = [];
    private readonly List<int> _depths = [];
    private readonly OrtValue _empty;
    private readonly DecoderCache? _cache;
    private IReadOnlyList<OrtValue>? _last;

    /// <summary>The last row of each sequence; <see langword="null"/> while there is one for all.</summary>
    private int[]? _sequences;

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
        int past = _read.Count, states = _questionEnds[^1];
        foreach (DecoderRow row in rows)
        {
            _depths.Add(row.Parent == DecoderRow.None ? 0 : _depths[row.Parent] + 1);
            _read.Add(row);
        }
        SetSequences(rows, past);
        // The place of the last row of each sequence.
        int[] last = _sequences is null ? [_read.Count - 1] : [.. _depths[past..]];
        int total = last.Max() + 1;
        long[] ids = new long[rows.Length], positions = new long[rows.Length];
        float[] bias = new float[rows.Length / last.Length * total], crossBias = new float[rows.Length * states];
        if (_sequences is null)
            Array.Fill(bias, QuestionPack.Masked);
        Array.Fill(crossBias, QuestionPack.Masked);
        for (int i = 0; i < rows.Length; i++)
        {
            ids[i] = rows[i].Token;
            positions[i] = _depths[past + i];
            if (_sequences is null)
            {
                foreach (int seen in Path(past + i))
                    bias[(i * total) + seen] = 0;
            }
            int answer = rows[i].Answer, begin = answer == 0 ? 0 : _questionEnds[answer - 1];
            crossBias.AsSpan((i * states) + begin, _questionEnds[answer] - begin).Clear();
        }

        using OrtValue idsValue = OrtValue.CreateTensorValueFromMemory(ids, [rows.Length]);
        using OrtValue positionsValue = OrtValue.CreateTensorValueFromMemory(positions, [rows.Length]);
        using OrtValue biasValue = OrtValue.CreateTensorValueFromMemory(bias, [1, 1, bias.Length / total, total]);
        using OrtValue crossBiasValue = OrtValue.CreateTensorValueFromMemory(crossBias, [1, 1, rows.Length, states]);
        GraphSession session = rows.Length < LargeBatchRows ? _smallBatch : _largeBatch;
        List<OrtValue> inputs = new(session.Inputs.Count) { idsValue, positionsValue, biasValue, crossBiasValue };
        if (_cache is null)
            RunApart(session, inputs);
        else
            RunInPlace(session, inputs, rows.Length, last, total);
        return _last![0].GetTensorDataAsSpan<float>();
    }

    public void Forget()
    {
        _read.Clear();
        _depths.Clear();
        _sequences = null;
        _cache?.Clear();
        DisposeLast();
    }

    public void Dispose()
    {
        DisposeLast();
        _cross.Dispose();
        _empty.Dispose();
        _cache?.Dispose();
    }

    /// <summary>Gives each answer a sequence of its own where the next pass allows it; else all have one.</summary>
    /// <param name="rows">The rows of the next pass, which are noted already.</param>
    /// <param name="past">How many rows were read before.</param>
    private void SetSequences(ReadOnlySpan<DecoderRow> rows, int past)
    {
        bool apart = _cache is not null && (_sequences is not null || rows.Length > 1);
        int fewest = _sequences is null ? LongAnswer : 1;
        int[] parents = new int[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            parents[i] = rows[i].Parent;
            apart &= parents[i] < past && _depths[past + i] >= fewest && (i == 0 || rows[i].Answer > rows[i - 1].Answer);
        }
        if (apart && _sequences is not null)
        {
            if (parents.Length < _sequences.Length)
                _cache!.Keep([.. parents.Select(parent => Array.IndexOf(_sequences, parent))]);
        }
        else if (apart)
            _cache!.Arrange(parents.Length, _depths[past..].Max() + 1, Moves(parents, (i, row) => (0, row, i, _depths[row])));
        else if (_sequences is not null)
            _cache!.Arrange(1, _read.Count, Moves(_sequences, (i, row) => (i, _depths[row], 0, row)));
        _sequences = apart ? [.. Enumerable.Range(past, rows.Length)] : null;

        (int, int, int, int)[] Moves(int[] last, Func<int, int, (int, int, int, int)> move) =>
            [.. last.SelectMany((end, i) => Path(end).Select(row => move(i, row)))];
    }

    /// <summary>A row and its ancestors, the youngest first.</summary>
    private IEnumerable<int> Path(int row)
    {
        for (; row != DecoderRow.None; row = _read[row].Parent)
            yield return row;
    }

    private void RunInPlace(GraphSession session, List<OrtValue> inputs, int rows, int[] last, int total)
    {
        long[] shape = [last.Length, rows / last.Length, _cache!.Width];
        using OrtValue shapeValue = OrtValue.CreateTensorValueFromMemory(shape, [shape.Length]);
        using OrtValue lastValue = OrtValue.CreateTensorValueFromMemory(last, [last.Length]);
        using OrtValue totalValue = OrtValue.CreateTensorValueFromMemory([total], []);
        OrtValue[] cached = _cache.Reserve(total, total - (rows / last.Length));
        inputs.AddRange([shapeValue, lastValue, totalValue]);
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
