using Blip.Graphs;
using Blip.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Networks;

/// <summary>The answer decoder: states of questions to logits, token by token. Thread-safe; each search has a cache of its own.</summary>
internal sealed class TextDecoder : IDisposable
{
    private readonly SessionFactory _sessions;
    private readonly PrePackedWeightsContainer _packed = new();
    private readonly LazySession _cross;
    private volatile Sessions _current;
    private Sessions? _replaced;

    /// <param name="sessions">Makes the sessions.</param>
    public TextDecoder(SessionFactory sessions)
    {
        _sessions = sessions;
        _cross = new LazySession(() =>
            sessions.Create(KeyValueGraph.ForDecoder(sessions.Config, sessions.LargeBatchForm), packed: _packed));
        _current = new Sessions(sessions, sessions.SmallBatchForm, sessions.LargeBatchForm, pack: false, _packed);
    }

    /// <summary>Makes what is not made yet.</summary>
    public void Prepare()
    {
        _current.Prepare();
        _ = _cross.Value;
    }

    /// <summary>Makes the sessions anew with packed weights, which takes seconds, and puts them in the place of the others.</summary>
    public void Pack()
    {
        if (_replaced is not null)
            return;
        Sessions packed = new(_sessions, LinearForm.RowsFirst, LinearForm.RowsFirst, pack: true, _packed);
        try
        {
            packed.Prepare();
        }
        catch
        {
            packed.Dispose();
            throw;
        }
        // Runs may be under way in the others; they take next to no memory and go at the end.
        (_replaced, _current) = (_current, packed);
    }

    /// <summary>A decoder for the answers to questions. The caller disposes it.</summary>
    /// <param name="states">The states of all questions [T, D], read before this returns.</param>
    /// <param name="lengths">How many of the states belong to each question, in order.</param>
    /// <param name="control">Of the run that this is part of; outlives the decoder.</param>
    public AnswerDecoder Decode(Memory<float> states, ReadOnlySpan<int> lengths, RunControl control)
    {
        int width = _sessions.Config.Text.HiddenSize;
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, states, [states.Length / width, width]);
        Sessions current = _current;
        IDisposableReadOnlyCollection<OrtValue> cross = _cross.Value.Run([value], control);
        return new AnswerDecoder(current.SmallBatch, current.LargeBatch, cross, lengths, _sessions.Config.Text.VocabSize, control);
    }

    public void Dispose()
    {
        _cross.Dispose();
        _current.Dispose();
        _replaced?.Dispose();
        _packed.Dispose();
    }

    private sealed class Sessions : IDisposable
    {
        private readonly LazySession _smallBatch, _largeBatch;

        public Sessions(SessionFactory sessions, LinearForm small, LinearForm large, bool pack, PrePackedWeightsContainer packed)
        {
            _smallBatch = Lazy(small);
            _largeBatch = small == large ? _smallBatch : Lazy(large);

            LazySession Lazy(LinearForm form) =>
                new(() => sessions.Create(DecoderGraph.Build(sessions.Config, sessions.Checkpoint.IsHeadTied, form), pack, packed));
        }

        /// <summary>As it is fast for one row to three.</summary>
        public GraphSession SmallBatch => _smallBatch.Value;

        /// <summary>As it is fast for more.</summary>
        public GraphSession LargeBatch => _largeBatch.Value;

        public void Prepare() => _ = (SmallBatch, LargeBatch);

        public void Dispose()
        {
            _smallBatch.Dispose();
            _largeBatch.Dispose();
        }
    }
}
