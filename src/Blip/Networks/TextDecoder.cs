using Blip.Checkpoints;
using Blip.Graphs;
using Blip.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Networks;

/// <summary>
/// The decoder of answers or captions: states of questions, or images, to logits, token by token. Thread-safe; each search has a cache of
/// its own.
/// </summary>
internal sealed class TextDecoder : IDisposable
{
    /// <summary>A larger cache is not kept: that of sixteen short answers takes 5 MB.</summary>
    private const long MostIdleBytes = 16 << 20;

    private readonly SessionFactory _sessions;
    private readonly PackableSessions<Sessions> _steps;
    private readonly LazySession _cross;
    private DecoderCache? _idle;

    /// <param name="sessions">Makes the sessions.</param>
    /// <param name="cross">The graph that makes keys and values of what the decoder attends to.</param>
    public TextDecoder(SessionFactory sessions, Func<BlipConfig, LinearForm, BlipGraph> cross)
    {
        _sessions = sessions;
        _steps = new PackableSessions<Sessions>((pack, _) => pack
            ? new Sessions(sessions, LinearForm.RowsFirst, LinearForm.RowsFirst, pack)
            : new Sessions(sessions, sessions.SmallBatchForm, sessions.LargeBatchForm, pack));
        _cross = new LazySession(() =>
            sessions.Create(cross(sessions.Config, sessions.LargeBatchForm)));
    }

    /// <summary>Makes what is not made yet.</summary>
    public void Prepare()
    {
        _steps.Current.Prepare();
        _ = _cross.Value;
    }

    /// <summary>As <see cref="PackableSessions{T}.Pack"/>.</summary>
    public void Pack() => _steps.Pack();

    /// <summary>A decoder for the answers to questions. The caller disposes it.</summary>
    /// <param name="states">The states of all questions [T, D], read before this returns.</param>
    /// <param name="lengths">How many of the states belong to each question, in order.</param>
    /// <param name="control">Of the run that this is part of; outlives the decoder.</param>
    public AnswerDecoder Decode(Memory<float> states, ReadOnlySpan<int> lengths, RunControl control)
    {
        int width = _sessions.Config.Text.HiddenSize;
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, states, [states.Length / width, width]);
        return Decode(value, lengths, control);
    }

    /// <summary>A decoder for several texts. The caller disposes it.</summary>
    /// <param name="attended">What they attend to, end to end, read before this returns: the input of the graph of keys and values.</param>
    /// <param name="lengths">How many of its rows belong to each text, in order.</param>
    /// <param name="control">Of the run that this is part of; outlives the decoder.</param>
    public AnswerDecoder Decode(OrtValue attended, ReadOnlySpan<int> lengths, RunControl control)
    {
        Sessions current = _steps.Current;
        IDisposableReadOnlyCollection<OrtValue> cross = _cross.Value.Run([attended], control);
        BlipTextConfig text = _sessions.Config.Text;
        DecoderCache? cache = _sessions.KeepsResults ? null : Interlocked.Exchange(ref _idle, null)
            ?? new DecoderCache(
                text.VocabSize, 2 * text.NumHiddenLayers, text.NumAttentionHeads, text.HiddenSize / text.NumAttentionHeads, GiveBack);
        return new AnswerDecoder(current.SmallBatch, current.LargeBatch, cross, lengths, text.VocabSize, cache, control);
    }

    public void Dispose()
    {
        _idle?.Free();
        _cross.Dispose();
        _steps.Dispose();
    }

    private void GiveBack(DecoderCache cache)
    {
        if (cache.Bytes > MostIdleBytes || Interlocked.CompareExchange(ref _idle, cache, null) is not null)
            cache.Free();
    }

    private sealed class Sessions : ISessionSet
    {
        private readonly LazySession _smallBatch, _largeBatch;

        public Sessions(SessionFactory sessions, LinearForm small, LinearForm large, bool pack)
        {
            _smallBatch = Lazy(small);
            _largeBatch = small == large ? _smallBatch : Lazy(large);

            LazySession Lazy(LinearForm form) =>
                new(() => sessions.Create(DecoderGraph.Build(
                    sessions.Config, sessions.Checkpoint.IsHeadTied, form, inPlace: !sessions.KeepsResults), pack));
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
