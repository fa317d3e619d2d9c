using System.Buffers;
using System.Diagnostics;
using Blip.Checkpoints;
using Blip.Decoding;
using Blip.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Networks;

/// <summary>
/// The three networks of one model on one device: image to embeddings, questions to states, states to answers. It computes and
/// nothing else: who may run when is decided above it. Thread-safe.
/// </summary>
internal sealed class BlipNetwork : IDisposable
{
    private readonly BlipConfig _config;
    private readonly AnswerTokens _tokens;
    private readonly AnswerGuesses _guesses = new();
    private readonly NetworkSessions _sessions;
    private readonly int _projectionTokens;

    /// <param name="checkpoint">The weights; outlives the network.</param>
    /// <param name="selection">Where, and in which numbers.</param>
    /// <param name="threads">Threads of the process's pool.</param>
    /// <param name="cacheFolder">Where computed weights are kept, as <see cref="BlipOptions.CacheDirectory"/> says.</param>
    /// <param name="gpuMemoryLimit">As <see cref="BlipOptions.GpuMemoryLimit"/> says.</param>
    public BlipNetwork(Checkpoint checkpoint, DeviceSelection selection, int threads, string? cacheFolder, long? gpuMemoryLimit = null)
    {
        _config = checkpoint.Config;
        _tokens = new AnswerTokens(_config.Text.BosTokenId, _config.Text.SepTokenId);
        _sessions = new NetworkSessions(checkpoint, selection, threads, cacheFolder, gpuMemoryLimit);
        // A GPU projects in no time, and its fused attention keeps scores in fp32.
        _projectionTokens = _sessions.KeepResults ? 0 : ProjectionTokens(_config, selection.Precision == BlipPrecision.Int8);
    }

    /// <summary>Where computed weights are kept, if anywhere.</summary>
    public WeightCache? Cache => _sessions.Cache;

    /// <summary>Makes answering faster while it goes on, as <see cref="NetworkSessions.PackText"/> does.</summary>
    public void Pack(CancellationToken cancellationToken) => _sessions.PackText(cancellationToken);

    /// <summary>Runs the vision transformer over pixels uint8 [H, W, 3]. The caller holds the one reference to the result.</summary>
    public ImageEmbeddings Encode(Memory<byte> pixels)
    {
        long start = Stopwatch.GetTimestamp();
        int size = _config.Vision.ImageSize;
        using OrtValue px = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, pixels, [1, size, size, 3]);
        ImageEmbeddings embeddings = _sessions.KeepResults ? new(_sessions.Vision.Run([px])) : new(_config.Vision.TokenCount, _config.Vision.HiddenSize);
        try
        {
            if (!_sessions.KeepResults)
                _sessions.Vision.Run([px], [embeddings.Value]);
            (embeddings.EncodeStart, embeddings.EncodeTime) = (start, Stopwatch.GetElapsedTime(start));
            return embeddings;
        }
        catch
        {
            embeddings.Release();
            throw;
        }
    }

    /// <summary>
    /// Answers questions on one or several images in shared runs. Each answer is what its question gives alone.
    /// </summary>
    /// <param name="questions">The questions; those on the same image are encoded together where they stand side by side.</param>
    /// <param name="cancellationToken">Checked between runs.</param>
    public (FoundAnswer[] Answers, TimeSpan Question, TimeSpan Search) Ask(IReadOnlyList<ImageQuestion> questions, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        AnswerDecoder decoder = Encode(questions, cancellationToken);
        TimeSpan encoded = Stopwatch.GetElapsedTime(start);

        start = Stopwatch.GetTimestamp();
        using (decoder)
        {
            LengthLimits[] limits = new LengthLimits[questions.Count];
            for (int i = 0; i < limits.Length; i++)
                limits[i] = questions[i].Limits;
            // Among several answers one that is not guessed would need the next pass all the same.
            int[] guesses = questions is [{ Limits.MaxNewTokens: > 1 }] ? _guesses.For(questions[0].Ids) : [];
            FoundAnswer[] answers = GreedySearch.Run(decoder, _tokens, limits, guesses, cancellationToken);
            for (int i = 0; i < answers.Length; i++)
                _guesses.Learn(questions[i].Ids, answers[i].Tokens[1]);
            return (answers, encoded, Stopwatch.GetElapsedTime(start));
        }
    }

    /// <summary>The question encoder's output [T, D] for questions on one image, end to end.</summary>
    internal float[] EncodeStates(ImageEmbeddings embeddings, ReadOnlySpan<int[]> questions)
    {
        float[] states = new float[TokenCount(questions) * _config.Text.HiddenSize];
        EncodeStates(embeddings, questions, states);
        return states;
    }

    /// <summary>The logits after the start token, for one question's states [T, D].</summary>
    internal float[] FirstLogits(float[] states)
    {
        using AnswerDecoder decoder = Decode(states, [states.Length / _config.Text.HiddenSize]);
        return decoder.Step([new DecoderRow(0, _tokens.Start, DecoderRow.None)]).ToArray();
    }

    public void Dispose() => _sessions.Dispose();

    /// <summary>
    /// How many question tokens an image must see before its projected keys and values have paid for themselves, counted in multiplications:
    /// absorbed attention takes D·N more a head and token than projected, projecting takes 2·N·D² a layer once. In int8 a multiplication
    /// of the projection takes about 0.3 of the time of one in fp32, in which attention stays.
    /// </summary>
    private static int ProjectionTokens(BlipConfig config, bool int8)
    {
        long n = config.Vision.TokenCount, width = config.Text.HiddenSize, heads = config.Text.NumAttentionHeads, head = width / heads;
        long absorbed = 2 * heads * ((head * width) + (width * n)), projected = 2 * heads * head * n;
        return (int)((int8 ? 0.3 : 1) * 2 * n * width * width / Math.Max(1, absorbed - projected)) + 1;
    }

    private static int TokenCount(ReadOnlySpan<int[]> questions)
    {
        int tokens = 0;
        foreach (int[] question in questions)
            tokens += question.Length;
        return tokens;
    }

    /// <summary>Fills in the states of questions on one image; gives how many numbers those are.</summary>
    private int EncodeStates(ImageEmbeddings embeddings, ReadOnlySpan<int[]> questions, Span<float> states)
    {
        (OrtValue ids, OrtValue positions, OrtValue bias) = QuestionPack.Pack(questions);
        using (ids)
        using (positions)
        using (bias)
        {
            IReadOnlyList<OrtValue>? projected = embeddings.Project(TokenCount(questions), _projectionTokens, value => _sessions.Projection.Run([value]));
            using IDisposableReadOnlyCollection<OrtValue> result = projected is null
                ? _sessions.Text.Question.Run([ids, positions, bias, embeddings.Value])
                : _sessions.Text.ProjectedQuestion.Run([ids, positions, bias, .. projected]);
            ReadOnlySpan<float> found = result[0].GetTensorDataAsSpan<float>();
            found.CopyTo(states);
            return found.Length;
        }
    }

    private AnswerDecoder Encode(IReadOnlyList<ImageQuestion> questions, CancellationToken cancellationToken)
    {
        int[] lengths = new int[questions.Count];
        int[][] ids = new int[questions.Count][];
        for (int i = 0; i < lengths.Length; i++)
            lengths[i] = (ids[i] = questions[i].Ids).Length;

        int size = TokenCount(ids) * _config.Text.HiddenSize, filled = 0;
        float[] states = ArrayPool<float>.Shared.Rent(size);
        try
        {
            for (int begin = 0; begin < questions.Count;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                ImageEmbeddings embeddings = questions[begin].Embeddings;
                int end = begin + 1;
                while (end < questions.Count && ReferenceEquals(questions[end].Embeddings, embeddings))
                    end++;
                filled += EncodeStates(embeddings, ids.AsSpan(begin..end), states.AsSpan(filled, size - filled));
                begin = end;
            }
            return Decode(states.AsMemory(0, size), lengths);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(states);
        }
    }

    /// <summary>A decoder for states [T, D], which it reads before this returns.</summary>
    private AnswerDecoder Decode(Memory<float> states, int[] lengths)
    {
        int width = _config.Text.HiddenSize;
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, states, [states.Length / width, width]);
        NetworkSessions.TextSessions text = _sessions.Text;
        return new AnswerDecoder(text.Decoder, text.WideDecoder, _sessions.Cross.Run([value]), lengths, _config.Text.VocabSize);
    }
}
