using Blip.Decoding;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Blip.Inference;

/// <summary>
/// The decoder over one flat cache: every row read so far, of whichever answer, is a position of one sequence, and masks keep
/// each answer to its own rows and its own question. Not thread-safe: one search, one decoder.
/// </summary>
internal sealed class AnswerDecoder : IAnswerDecoder, IDisposable
{
    private readonly GraphSession _session;
    private readonly IDisposableReadOnlyCollection<OrtValue> _cross;
    private readonly int[] _questionEnds;
    private readonly List<int> _owners = [];
    private readonly OrtValue _empty;
    private IDisposableReadOnlyCollection<OrtValue>? _last;

    /// <param name="session">The decoder's graph.</param>
    /// <param name="cross">Keys and values of all questions' states; owned from here on.</param>
    /// <param name="questionLengths">How many of those states belong to each question, in order.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="headWidth">Width of a head.</param>
    /// <param name="vocabularySize">Logits in a row.</param>
    public AnswerDecoder(GraphSession session, IDisposableReadOnlyCollection<OrtValue> cross, ReadOnlySpan<int> questionLengths, int heads, int headWidth, int vocabularySize)
    {
        _session = session;
        _cross = cross;
        VocabularySize = vocabularySize;
        _questionEnds = new int[questionLengths.Length];
        int end = 0;
        for (int i = 0; i < questionLengths.Length; i++)
            _questionEnds[i] = end += questionLengths[i];
        _empty = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorElementType.Float, [1, heads, 0, headWidth]);
    }

    public int VocabularySize { get; }

    public ReadOnlySpan<float> Step(ReadOnlySpan<int> answers, ReadOnlySpan<int> tokens, int position)
    {
        int rows = answers.Length, past = _owners.Count, total = past + rows, states = _questionEnds[^1];
        long[] ids = new long[rows], positions = new long[rows];
        float[] bias = new float[rows * total], crossBias = new float[rows * states];
        Array.Fill(bias, QuestionPack.Masked);
        Array.Fill(crossBias, QuestionPack.Masked);
        for (int row = 0; row < rows; row++)
        {
            int answer = answers[row];
            ids[row] = tokens[row];
            positions[row] = position;
            for (int i = 0; i < past; i++)
            {
                if (_owners[i] == answer)
                    bias[(row * total) + i] = 0;
            }
            bias[(row * total) + past + row] = 0;
            int begin = answer == 0 ? 0 : _questionEnds[answer - 1];
            crossBias.AsSpan((row * states) + begin, _questionEnds[answer] - begin).Clear();
        }
        foreach (int answer in answers)
            _owners.Add(answer);

        using OrtValue idsValue = OrtValue.CreateTensorValueFromMemory(ids, [rows]);
        using OrtValue positionsValue = OrtValue.CreateTensorValueFromMemory(positions, [rows]);
        using OrtValue biasValue = OrtValue.CreateTensorValueFromMemory(bias, [1, 1, rows, total]);
        using OrtValue crossBiasValue = OrtValue.CreateTensorValueFromMemory(crossBias, [1, 1, rows, states]);
        IDisposableReadOnlyCollection<OrtValue> result = _session.Run(Inputs(idsValue, positionsValue, biasValue, crossBiasValue));
        _last?.Dispose();
        _last = result;
        return result[0].GetTensorDataAsSpan<float>();
    }

    public void Dispose()
    {
        _last?.Dispose();
        _cross.Dispose();
        _empty.Dispose();
    }

    /// <summary>In the order in which the graph declares them: layer by layer the cache, then the cross keys and values.</summary>
    private List<OrtValue> Inputs(OrtValue ids, OrtValue positions, OrtValue bias, OrtValue crossBias)
    {
        List<OrtValue> inputs = new(_session.Inputs.Count) { ids, positions, bias, crossBias };
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
