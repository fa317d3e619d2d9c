using System.Numerics.Tensors;
using Blip.Checkpoints;
using Blip.Graphs;
using Blip.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Networks;

/// <summary>The encoder of questions or other texts: those, and an image's embeddings or none, to states. Thread-safe.</summary>
internal sealed class TextEncoder : IDisposable
{
    private readonly SessionFactory _sessions;
    private readonly PackableSessions<Sessions> _questions;
    private readonly LazySession _projection, _explaining;
    private readonly int _worthTokens;
    private readonly long _projectionBytes;
    private readonly bool _makesRestLater;
    private int _runs;
    private Task _rest = Task.CompletedTask;

    /// <param name="sessions">Makes the sessions.</param>
    /// <param name="readsTextAlone">Whether it reads texts without an image, too.</param>
    public TextEncoder(SessionFactory sessions, bool readsTextAlone = false)
    {
        _sessions = sessions;
        BlipConfig config = sessions.Config;
        _projection = new LazySession(() => sessions.Create(ProjectionGraph));
        _explaining = new LazySession(() => sessions.Create(
            QuestionGraph.Build(config, sessions.LargeBatchForm, AttendedImage.Embedded, explains: true)));
        _questions = new PackableSessions<Sessions>((pack, packed) =>
            new Sessions(sessions, pack ? LinearForm.RowsFirst : sessions.LargeBatchForm, readsTextAlone, pack, packed));
        // A GPU projects in no time, and its fused attention keeps scores in fp32.
        _worthTokens = sessions.KeepsResults ? 0 : WorthTokens(config, sessions.IsInt8);
        _projectionBytes = 2L * config.Text.NumHiddenLayers * config.Vision.TokenCount * config.Text.HiddenSize
            * (sessions.KeepsResults ? 2 : sizeof(float));
        _makesRestLater = sessions.MakesMoreLater;
    }

    private BlipGraph ProjectionGraph => KeyValueGraph.ForQuestions(_sessions.Config, _sessions.SmallBatchForm);

    /// <summary>The width of a state.</summary>
    public int Width => _sessions.Config.Text.HiddenSize;

    /// <summary>
    /// Makes what reads the first question on an image, as far as it is not made yet. What only further ones gain from is made beside the
    /// second run, where that is possible: of a start in int8 it is 7 % of the processor time.
    /// </summary>
    public void Prepare()
    {
        if (_makesRestLater)
            _questions.Current.PrepareFirst();
        else
            _questions.Current.Prepare();
    }

    /// <summary>Makes what projects images, if it is not made yet; where it is made later, only makes sure of its weights.</summary>
    public void PrepareProjection()
    {
        if (_makesRestLater)
            _sessions.CheckWeights(ProjectionGraph);
        else
            _ = _projection.Value;
    }

    /// <summary>As <see cref="PackableSessions{T}.Pack"/>.</summary>
    public void Pack() => _questions.Pack();

    /// <summary>Fills in the states [T, D] of questions on one image, end to end.</summary>
    /// <param name="embeddings">The image.</param>
    /// <param name="questions">The tokens of each question.</param>
    /// <param name="states">At least T x D long, T being the number of all tokens.</param>
    /// <param name="control">Of the run that this is part of.</param>
    /// <param name="projects">Whether the image is projected at once: the last digits of the states are nearer to the reference.</param>
    public void Encode(
        ImageEmbeddings embeddings, ReadOnlySpan<int[]> questions, Span<float> states, RunControl control, bool projects = false)
    {
        Sessions current = _questions.Current;
        if (_makesRestLater && Volatile.Read(ref _runs) < 2 && Interlocked.Increment(ref _runs) == 2)
            _rest = Task.Run(() => MakeRest(current));
        (OrtValue ids, OrtValue positions, OrtValue bias) = QuestionPack.Pack(questions);
        using (ids)
        using (positions)
        using (bias)
        using (Projection? projection = embeddings.Project(
            this, QuestionPack.CountTokens(questions), projects ? 0 : _worthTokens, _projectionBytes * embeddings.Frames,
            value => _projection.Value.Run([value], control)))
        {
            using IDisposableReadOnlyCollection<OrtValue> result = projection is null
                ? current.Embedded.Run([ids, positions, bias, embeddings.Value], control)
                : current.Projected.Run([ids, positions, bias, .. projection.Values], control);
            result[0].GetTensorDataAsSpan<float>().CopyTo(states);
        }
    }

    /// <summary>
    /// How much the tokens of each question, on average, attended to each part of an image, summed over layers and heads [N]. The first
    /// call makes a session of its own.
    /// </summary>
    /// <param name="embeddings">The image.</param>
    /// <param name="questions">The tokens of each question.</param>
    /// <param name="control">Of the run that this is part of.</param>
    public float[][] Attend(ImageEmbeddings embeddings, ReadOnlySpan<int[]> questions, RunControl control)
    {
        (OrtValue ids, OrtValue positions, OrtValue bias) = QuestionPack.Pack(questions);
        using (ids)
        using (positions)
        using (bias)
        {
            using IDisposableReadOnlyCollection<OrtValue> result =
                _explaining.Value.Run([ids, positions, bias, embeddings.Value], control);
            ReadOnlySpan<float> attention = result[1].GetTensorDataAsSpan<float>();
            int parts = attention.Length / QuestionPack.CountTokens(questions);
            float[][] means = new float[questions.Length][];
            for (int i = 0; i < means.Length; i++)
            {
                means[i] = new float[parts];
                for (int token = 0; token < questions[i].Length; token++, attention = attention[parts..])
                    TensorPrimitives.Add(means[i], attention[..parts], means[i]);
                TensorPrimitives.Divide(means[i], questions[i].Length, means[i]);
            }
            return means;
        }
    }

    /// <summary>Fills in the states [T, D] of texts without an image, end to end.</summary>
    /// <param name="texts">The tokens of each text.</param>
    /// <param name="states">At least T x D long, T being the number of all tokens.</param>
    /// <param name="control">Of the run that this is part of.</param>
    public void EncodeAlone(ReadOnlySpan<int[]> texts, Span<float> states, RunControl control)
    {
        (OrtValue ids, OrtValue positions, OrtValue bias) = QuestionPack.Pack(texts);
        using (ids)
        using (positions)
        using (bias)
        {
            using IDisposableReadOnlyCollection<OrtValue> result = _questions.Current.Alone.Run([ids, positions, bias], control);
            result[0].GetTensorDataAsSpan<float>().CopyTo(states);
        }
    }

    public void Dispose()
    {
        _rest.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
        _projection.Dispose();
        _explaining.Dispose();
        _questions.Dispose();
    }

    /// <summary>Who needs a session meanwhile waits for it; what fails here is tried again, and told, then.</summary>
    private void MakeRest(Sessions current)
    {
        try
        {
            _ = _projection.Value;
            current.Prepare();
        }
        catch (OnnxRuntimeException)
        {
        }
    }

    /// <summary>
    /// How many question tokens an image must see before its keys and values have paid for themselves, counted in multiplications: absorbed
    /// attention takes D·N more a head and token than projected, projecting takes 2·N·D² a layer once (one D of the two, and the other D,
    /// is the image's width). In int8 a multiplication of the projection takes about 0.3 of the time of one in fp32, in which attention
    /// stays.
    /// </summary>
    private static int WorthTokens(BlipConfig config, bool int8)
    {
        long n = config.Vision.TokenCount, width = config.Text.HiddenSize, heads = config.Text.NumAttentionHeads, head = width / heads;
        long image = config.Vision.HiddenSize, absorbed = 2 * heads * ((head * image) + (image * n)), projected = 2 * heads * head * n;
        return (int)((int8 ? 0.3 : 1) * 2 * n * width * image / Math.Max(1, absorbed - projected)) + 1;
    }

    private sealed class Sessions(
        SessionFactory sessions, LinearForm form, bool readsTextAlone, bool pack, PrePackedWeightsContainer packed) : ISessionSet
    {
        private readonly LazySession _embedded = Lazy(sessions, form, AttendedImage.Embedded, pack, packed),
            _projected = Lazy(sessions, form, AttendedImage.Projected, pack, packed),
            _alone = Lazy(sessions, form, AttendedImage.None, pack, packed);

        /// <summary>Over an image's embeddings.</summary>
        public GraphSession Embedded => _embedded.Value;

        /// <summary>Over an image's keys and values.</summary>
        public GraphSession Projected => _projected.Value;

        /// <summary>Over no image.</summary>
        public GraphSession Alone => _alone.Value;

        public void PrepareFirst() => _ = (Embedded, readsTextAlone ? Alone : null);

        public void Prepare() => _ = (Embedded, Projected, readsTextAlone ? Alone : null);

        public void Dispose()
        {
            _embedded.Dispose();
            _projected.Dispose();
            _alone.Dispose();
        }

        private static LazySession Lazy(
            SessionFactory sessions, LinearForm form, AttendedImage image, bool pack, PrePackedWeightsContainer packed) =>
            new(() => sessions.Create(QuestionGraph.Build(sessions.Config, form, image), pack, packed));
    }
}
