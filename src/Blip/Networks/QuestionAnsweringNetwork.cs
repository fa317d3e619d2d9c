using System.Buffers;
using System.Diagnostics;
using System.Numerics.Tensors;
using Blip.Checkpoints;
using Blip.Decoding;
using Blip.Graphs;
using Blip.Runtime;

namespace Blip.Networks;

/// <summary>
/// The architecture <c>BlipForQuestionAnswering</c>: the vision network, the question encoder and the answer decoder of one model on one
/// device.
/// </summary>
internal sealed class QuestionAnsweringNetwork : ImageNetwork
{
    /// <summary>Questions of more tokens than this need so much memory that it is given back after their run.</summary>
    private const int ManyTokens = 256;

    /// <summary>Rows of a pass that ranks choices: enough that more would not be faster, and 30 MB of logits.</summary>
    internal const int MaxRankRows = 256;

    private readonly AnswerTokens _tokens;
    private readonly AnswerGuesses _guesses = new();
    private readonly TextEncoder _encoder;
    private readonly TextDecoder _decoder;

    /// <param name="sessions">Makes the sessions; owned from here on.</param>
    /// <param name="bytesChanged">Gets every change of the native memory of encoded images, in bytes.</param>
    public QuestionAnsweringNetwork(SessionFactory sessions, Action<long>? bytesChanged = null)
        : base(sessions, bytesChanged)
    {
        BlipTextConfig text = sessions.Config.Text;
        _tokens = new AnswerTokens(text.BosTokenId, text.SepTokenId);
        _encoder = new TextEncoder(sessions);
        _decoder = new TextDecoder(sessions, KeyValueGraph.ForDecoder);
    }

    public override IReadOnlyList<string> ProbeTexts { get; } =
    [
        "what is in the picture?", "is there a person in the picture?", "how many people are there?", "what color is it?", "where is this?",
        "is it day or night?", "what is the man doing?", "what is on the left?",
    ];

    public override bool ReadsFrames => true;

    protected override (Action Make, int Share)[] Parts =>
        [(_decoder.Prepare, 5), (_encoder.Prepare, 5), (_encoder.PrepareProjection, 1)];

    /// <summary>
    /// Answers questions on one or more images in shared passes. Each answer is what its question gives alone.
    /// </summary>
    /// <param name="questions">
    /// The questions, all of one search; those on the same image are encoded together where they stand side by side.
    /// </param>
    /// <param name="listener">Gets each answer when it is found.</param>
    /// <param name="cancellationToken">Ends the pass under way.</param>
    public void Ask(IReadOnlyList<ImageQuestion> questions, IAnswerListener listener, CancellationToken cancellationToken)
    {
        Sessions.Checkpoint.ThrowIfShrunk();
        long start = Stopwatch.GetTimestamp();
        using RunControl control = new(cancellationToken, givesMemoryBack: questions.Sum(question => question.Tokens) > ManyTokens);
        using AnswerDecoder decoder = Encode(questions, control);
        float[]?[] evidence = [.. questions.Select(question => Explain(question, control))];
        listener.Encoded(Stopwatch.GetElapsedTime(start));
        Learner learner = new(listener, questions, _guesses, evidence);

        switch (questions[0].Search)
        {
            case QuestionSearch.Beams:
                new BeamSearch(_tokens, [.. questions.Select(question => (question.Limits, question.Beams!))])
                    .Run(decoder, learner, cancellationToken);
                break;
            case QuestionSearch.Choices:
                new RankSearch(_tokens, [.. questions.Select(question => question.Choices!)], MaxRankRows)
                    .Run(decoder, learner, cancellationToken);
                break;
            default:
                // Among several answers one that is not guessed would need the next pass all the same.
                int[] guesses = questions is [{ Limits.MaxNewTokens: > 1 }] ? _guesses.For(questions[0].Ids) : [];
                new GreedySearch(_tokens, [.. questions.Select(question => question.Limits)], guesses)
                    .Run(decoder, learner, cancellationToken);
                break;
        }
    }

    /// <summary>The question encoder's output [T, D] for questions on one image, end to end.</summary>
    public float[] EncodeStates(ImageEmbeddings embeddings, params ReadOnlySpan<int[]> questions)
    {
        float[] states = new float[QuestionPack.CountTokens(questions) * _encoder.Width];
        using RunControl control = new(CancellationToken.None);
        _encoder.Encode(embeddings, questions, states, control);
        return states;
    }

    /// <summary>The logits after the start token, for one question's states [T, D].</summary>
    public float[] FirstLogits(float[] states)
    {
        using RunControl control = new(CancellationToken.None);
        using AnswerDecoder decoder = _decoder.Decode(states, [states.Length / _encoder.Width], control);
        return decoder.Step([new DecoderRow(0, _tokens.Start, DecoderRow.None)]).ToArray();
    }

    public override float[] ProbeLogits(ImageEmbeddings embeddings, int[] ids) => FirstLogits(EncodeStates(embeddings, ids));

    protected override void PackText(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _encoder.Pack();
        cancellationToken.ThrowIfCancellationRequested();
        _decoder.Pack();
    }

    protected override void DisposeParts()
    {
        _encoder.Dispose();
        _decoder.Dispose();
    }

    private AnswerDecoder Encode(IReadOnlyList<ImageQuestion> questions, RunControl control)
    {
        int[] lengths = new int[questions.Count];
        int[][] ids = new int[questions.Count][];
        for (int i = 0; i < lengths.Length; i++)
            lengths[i] = (ids[i] = questions[i].Ids).Length;

        int size = QuestionPack.CountTokens(ids) * _encoder.Width, filled = 0;
        float[] states = ArrayPool<float>.Shared.Rent(size);
        try
        {
            for (int begin = 0; begin < questions.Count;)
            {
                ImageEmbeddings embeddings = questions[begin].Embeddings;
                int end = begin + 1;
                while (end < questions.Count && ReferenceEquals(questions[end].Embeddings, embeddings))
                    end++;
                ReadOnlySpan<int[]> group = ids.AsSpan(begin..end);
                int length = QuestionPack.CountTokens(group) * _encoder.Width;
                // Beams tell answers apart that differ in the fifth digit.
                _encoder.Encode(
                    embeddings, group, states.AsSpan(filled, length), control, projects: questions[0].Search == QuestionSearch.Beams);
                filled += length;
                begin = end;
            }
            return _decoder.Decode(states.AsMemory(0, size), lengths, control);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(states);
        }
    }

    /// <summary>
    /// What a question attended to more than one about the whole image, or <see langword="null"/> where nobody wants to know. Attention
    /// alone is strong where any question looks; so the share of each part that any question gives it is taken off.
    /// </summary>
    private float[]? Explain(ImageQuestion question, RunControl control)
    {
        if (question.ComparedIds is not { } compared)
            return null;
        bool isSame = compared.AsSpan().SequenceEqual(question.Ids);
        float[][] attended = _encoder.Attend(question.Embeddings, isSame ? [question.Ids] : [question.Ids, compared], control);
        // The first of the image's tokens stands for all of it.
        float[][] shares = [.. attended.Select(one => one[1..])];
        foreach (float[] share in shares)
            TensorPrimitives.Divide(share, TensorPrimitives.Sum<float>(share), share);
        if (!isSame)
            TensorPrimitives.Subtract(shares[0], shares[1], shares[0]);
        return shares[0];
    }

    /// <summary>
    /// Learns how answers that were searched for begin, on their way to the listener, and gives them their evidence.
    /// </summary>
    private sealed class Learner(
        ISearchListener listener, IReadOnlyList<ImageQuestion> questions, AnswerGuesses guesses, float[]?[] evidence) : ISearchListener
    {
        public bool IsWanted(int answer) => listener.IsWanted(answer);

        public void Found(int answer, FoundAnswer found)
        {
            found.Evidence = evidence[answer];
            if (questions[answer].Search == QuestionSearch.Greedy)
                guesses.Learn(questions[answer].Ids, found.Tokens[1]);
            listener.Found(answer, found);
        }

        public void StepDone(bool isLong) => listener.StepDone(isLong);
    }
}
