using System.Buffers;
using System.Diagnostics;
using Blip.Checkpoints;
using Blip.Decoding;
using Blip.Graphs;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Inference;

/// <summary>
/// The three networks of one model on one device: picture to embeddings, questions to states, states to answers. It computes and
/// nothing else: who may run when is decided above it. Thread-safe.
/// </summary>
internal sealed class BlipNetwork : IDisposable
{
    private readonly BlipConfig _config;
    private readonly AnswerTokens _tokens;
    private readonly AnswerGuesses _guesses = new();
    private readonly WeightStore _weights;
    private readonly GraphSession _vision, _question, _projectedQuestion, _projection, _cross, _decoder, _wideDecoder;
    private readonly PrePackedWeightsContainer _prepacked = new();
    private readonly int _projectionTokens;
    private readonly bool _keepsResults;

    /// <param name="checkpoint">The weights; outlives the network.</param>
    /// <param name="selection">Where, and in which numbers.</param>
    /// <param name="threads">Threads of the process's pool.</param>
    /// <param name="cacheFolder">Where computed weights are kept, as <see cref="BlipOptions.CacheDirectory"/> says.</param>
    /// <param name="gpuMemoryLimit">As <see cref="BlipOptions.GpuMemoryLimit"/> says.</param>
    public BlipNetwork(Checkpoint checkpoint, DeviceSelection selection, int threads, string? cacheFolder, long? gpuMemoryLimit = null)
    {
        bool int8 = selection.Precision == BlipPrecision.Int8, cuda = selection.Device == BlipDevice.Cuda;
        (LinearForm few, LinearForm several) = selection.Precision switch
        {
            BlipPrecision.Int8 => (LinearForm.Int8, LinearForm.Int8),
            BlipPrecision.Fp16 => (LinearForm.Half, LinearForm.Half),
            // The weight on the left makes up for a layout that a processor likes less.
            _ => (LinearForm.RowsFirst, cuda ? LinearForm.RowsFirst : LinearForm.WeightFirst),
        };
        _keepsResults = cuda || selection.Precision == BlipPrecision.Fp16;
        _config = checkpoint.Config;
        _tokens = new AnswerTokens(_config.Text.BosTokenId, _config.Text.SepTokenId);
        _weights = new WeightStore(checkpoint, int8 ? WeightCache.Open(checkpoint, cacheFolder) : null);
        // The sessions that see the picture and those that read text have no weights in common: one half is made beside the other.
        Task<(GraphSession, GraphSession)> looking = Task.Run(() =>
            (Create(VisionGraph.Build(_config, checkpoint.Preprocessor, few), null), Create(KeyValueGraph.ForQuestions(_config, few), null)));
        _question = Create(QuestionGraph.Build(_config, several, projected: false), _prepacked);
        _projectedQuestion = Create(QuestionGraph.Build(_config, several, projected: true), _prepacked);
        _cross = Create(KeyValueGraph.ForDecoder(_config, several), _prepacked);
        _decoder = Create(DecoderGraph.Build(_config, checkpoint.IsHeadTied, few), _prepacked);
        _wideDecoder = few == several ? _decoder : Create(DecoderGraph.Build(_config, checkpoint.IsHeadTied, several), _prepacked);
        (_vision, _projection) = looking.GetAwaiter().GetResult();
        // A GPU projects in no time, and its fused attention keeps scores in fp32.
        _projectionTokens = _keepsResults ? 0 : ProjectionTokens(_config, int8);
        _weights.Keep();
        if (cuda)
            _weights.Dispose();

        GraphSession Create(BlipGraph graph, PrePackedWeightsContainer? prepacked)
        {
            using SessionOptions options = OrtRuntime.CreateOptions(threads);
            if (cuda)
                return GraphSession.CreateOnCuda(graph, _weights, options, gpuMemoryLimit);
            // fp16 on a CPU is for tests: all that CUDA would run, but for CUDA.
            return selection.Precision == BlipPrecision.Fp16
                ? GraphSession.CreateWhole(graph, _weights, options, OrtMemoryInfo.DefaultInstance)
                : GraphSession.Create(graph, _weights, options, prepack: int8, prepacked);
        }
    }

    /// <summary>The file with computed weights, where there is one.</summary>
    public string? CachedWeights => _weights.CachedFile;

    /// <summary>Runs the vision transformer over pixels uint8 [H, W, 3]. The caller holds the one reference to the result.</summary>
    public PictureMemory Look(Memory<byte> pixels)
    {
        long start = Stopwatch.GetTimestamp();
        int size = _config.Vision.ImageSize;
        using OrtValue px = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, pixels, [1, size, size, 3]);
        PictureMemory memory = _keepsResults ? new(_vision.Run([px])) : new(_config.Vision.TokenCount, _config.Vision.HiddenSize);
        try
        {
            if (!_keepsResults)
                _vision.Run([px], [memory.Embeddings]);
            (memory.LookStart, memory.LookTime) = (start, Stopwatch.GetElapsedTime(start));
            return memory;
        }
        catch
        {
            memory.Release();
            throw;
        }
    }

    /// <summary>
    /// Answers questions on one or several pictures in shared runs. Each answer is what its question gives alone.
    /// </summary>
    /// <param name="questions">The questions; those on the same picture are encoded together where they stand side by side.</param>
    /// <param name="cancellationToken">Checked between runs.</param>
    public (FoundAnswer[] Answers, TimeSpan Question, TimeSpan Search) Ask(IReadOnlyList<PictureQuestion> questions, CancellationToken cancellationToken)
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

    /// <summary>The question encoder's output [T, D] for questions on one picture, end to end.</summary>
    internal float[] EncodeStates(PictureMemory memory, ReadOnlySpan<int[]> questions)
    {
        float[] states = new float[TokenCount(questions) * _config.Text.HiddenSize];
        EncodeStates(memory, questions, states);
        return states;
    }

    /// <summary>The logits after the start token, for one question's states [T, D].</summary>
    internal float[] FirstLogits(float[] states)
    {
        using AnswerDecoder decoder = Decode(states, [states.Length / _config.Text.HiddenSize]);
        return decoder.Step([new DecoderRow(0, _tokens.Start, DecoderRow.None)]).ToArray();
    }

    public void Dispose()
    {
        _vision.Dispose();
        _question.Dispose();
        _projectedQuestion.Dispose();
        _projection.Dispose();
        _cross.Dispose();
        _decoder.Dispose();
        _wideDecoder.Dispose();
        _prepacked.Dispose();
        _weights.Dispose();
    }

    /// <summary>
    /// How many question tokens a picture must see before its projected keys and values have paid for themselves, counted in multiplications:
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

    /// <summary>Fills in the states of questions on one picture; gives how many numbers those are.</summary>
    private int EncodeStates(PictureMemory memory, ReadOnlySpan<int[]> questions, Span<float> states)
    {
        (OrtValue ids, OrtValue positions, OrtValue bias) = QuestionPack.Pack(questions);
        using (ids)
        using (positions)
        using (bias)
        {
            IReadOnlyList<OrtValue>? projected = memory.Project(TokenCount(questions), _projectionTokens, embeddings => _projection.Run([embeddings]));
            using IDisposableReadOnlyCollection<OrtValue> result = projected is null
                ? _question.Run([ids, positions, bias, memory.Embeddings])
                : _projectedQuestion.Run([ids, positions, bias, .. projected]);
            ReadOnlySpan<float> found = result[0].GetTensorDataAsSpan<float>();
            found.CopyTo(states);
            return found.Length;
        }
    }

    private AnswerDecoder Encode(IReadOnlyList<PictureQuestion> questions, CancellationToken cancellationToken)
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
                PictureMemory memory = questions[begin].Memory;
                int end = begin + 1;
                while (end < questions.Count && ReferenceEquals(questions[end].Memory, memory))
                    end++;
                filled += EncodeStates(memory, ids.AsSpan(begin..end), states.AsSpan(filled, size - filled));
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
        return new AnswerDecoder(_decoder, _wideDecoder, _cross.Run([value]), lengths, _config.Text.VocabSize);
    }
}
