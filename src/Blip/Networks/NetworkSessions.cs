using Blip.Checkpoints;
using Blip.Graphs;
using Blip.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace Blip.Networks;

/// <summary>The sessions of one model on one device, how their graphs are written there, and the weights that they share. Thread-safe.</summary>
internal sealed class NetworkSessions : IDisposable
{
    private readonly DeviceSelection _selection;
    private readonly int _threads;
    private readonly long? _gpuMemoryLimit;
    private readonly WeightStore _weights;
    private readonly PrePackedWeightsContainer _packed = new();
    private readonly Checkpoint _checkpoint;
    private volatile TextSessions _text;
    private TextSessions? _replaced;

    /// <param name="checkpoint">The weights; outlives the sessions.</param>
    /// <param name="selection">Where, and in which numbers.</param>
    /// <param name="threads">Threads of the process's pool.</param>
    /// <param name="cacheFolder">Where computed weights are kept, as <see cref="BlipOptions.CacheDirectory"/> says.</param>
    /// <param name="gpuMemoryLimit">As <see cref="BlipOptions.GpuMemoryLimit"/> says.</param>
    public NetworkSessions(Checkpoint checkpoint, DeviceSelection selection, int threads, string? cacheFolder, long? gpuMemoryLimit)
    {
        (_checkpoint, _selection, _threads, _gpuMemoryLimit) = (checkpoint, selection, threads, gpuMemoryLimit);
        bool int8 = selection.Precision == BlipPrecision.Int8;
        _weights = new WeightStore(checkpoint, int8 ? WeightCache.Open(checkpoint, cacheFolder) : null);
        (LinearForm few, LinearForm several) = selection.Precision switch
        {
            BlipPrecision.Int8 => (LinearForm.Int8, LinearForm.Int8),
            BlipPrecision.Fp16 => (LinearForm.Half, LinearForm.Half),
            // The weight on the left makes up for a layout that a processor likes less.
            _ => (LinearForm.RowsFirst, selection.Device == BlipDevice.Cuda ? LinearForm.RowsFirst : LinearForm.WeightFirst),
        };
        // The sessions that see the image and those that read text have no weights in common: one half is made beside the other.
        Task<(GraphSession, GraphSession)> encoding = Task.Run(() => (
            Create(VisionGraph.Build(checkpoint.Config, checkpoint.Preprocessor, few), int8, packed: null),
            Create(KeyValueGraph.ForQuestions(checkpoint.Config, few), int8, packed: null)));
        try
        {
            _text = CreateText(few, several, int8, CancellationToken.None);
            Cross = Create(KeyValueGraph.ForDecoder(checkpoint.Config, several), int8, _packed);
        }
        finally
        {
            // Where this half fails, the caller unmaps the weights; the other half still reads them.
            ((Task)encoding).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
        }
        (Vision, Projection) = encoding.GetAwaiter().GetResult();
        _weights.Keep();
        if (selection.Device == BlipDevice.Cuda)
            _weights.Dispose();
    }

    /// <summary><see cref="VisionGraph"/>.</summary>
    public GraphSession Vision { get; }

    /// <summary><see cref="KeyValueGraph.ForQuestions"/>.</summary>
    public GraphSession Projection { get; }

    /// <summary><see cref="KeyValueGraph.ForDecoder"/>.</summary>
    public GraphSession Cross { get; }

    /// <summary>The sessions that read weights again for every question. A caller takes them once and stays with them.</summary>
    public TextSessions Text => _text;

    /// <summary>Whether results stay where the sessions run, instead of in the process's own memory.</summary>
    public bool KeepResults => _selection.Device == BlipDevice.Cuda || _selection.Precision == BlipPrecision.Fp16;

    /// <summary>Where computed weights are kept, if anywhere.</summary>
    public WeightCache? Cache => _weights.Cache;

    /// <summary>
    /// Makes the sessions that read text anew, with weights in ONNX Runtime's own layout, and puts them in the place of those that use weights where they lie. Takes seconds, in which the others answer.
    /// Does nothing where there is nothing to gain.
    /// </summary>
    public void PackText(CancellationToken cancellationToken)
    {
        if (_selection is not (BlipDevice.Cpu, BlipPrecision.Fp32) || _replaced is not null)
            return;
        TextSessions packed = CreateText(LinearForm.RowsFirst, LinearForm.RowsFirst, pack: true, cancellationToken);
        // Runs may be under way in the others; they take next to no memory and go at the end.
        (_replaced, _text) = (_text, packed);
    }

    public void Dispose()
    {
        Vision.Dispose();
        Projection.Dispose();
        Cross.Dispose();
        _text.Dispose();
        _replaced?.Dispose();
        _packed.Dispose();
        _weights.Dispose();
    }

    private TextSessions CreateText(LinearForm few, LinearForm several, bool pack, CancellationToken cancellationToken)
    {
        BlipConfig config = _checkpoint.Config;
        List<GraphSession> made = [];
        try
        {
            GraphSession question = Next(QuestionGraph.Build(config, several, projected: false)), projectedQuestion = Next(QuestionGraph.Build(config, several, projected: true));
            GraphSession decoder = Next(DecoderGraph.Build(config, _checkpoint.IsHeadTied, few));
            return new TextSessions(question, projectedQuestion, decoder, few == several ? decoder : Next(DecoderGraph.Build(config, _checkpoint.IsHeadTied, several)));
        }
        catch
        {
            made.ForEach(session => session.Dispose());
            throw;
        }

        GraphSession Next(BlipGraph graph)
        {
            cancellationToken.ThrowIfCancellationRequested();
            GraphSession session = Create(graph, pack, _packed);
            made.Add(session);
            return session;
        }
    }

    private GraphSession Create(BlipGraph graph, bool pack, PrePackedWeightsContainer? packed)
    {
        using SessionOptions options = OrtRuntime.CreateOptions(_threads);
        if (_selection.Device == BlipDevice.Cuda)
            return GraphSession.CreateOnCuda(graph, _weights, options, _gpuMemoryLimit);
        // fp16 on a CPU is for tests: all that CUDA would run, but for CUDA.
        return _selection.Precision == BlipPrecision.Fp16
            ? GraphSession.CreateWhole(graph, _weights, options, OrtMemoryInfo.DefaultInstance)
            : GraphSession.Create(graph, _weights, options, pack, packed);
    }

    /// <param name="Question"><see cref="QuestionGraph"/> over embeddings.</param>
    /// <param name="ProjectedQuestion"><see cref="QuestionGraph"/> over projected keys and values.</param>
    /// <param name="Decoder"><see cref="DecoderGraph"/> as it is fast for few rows.</param>
    /// <param name="WideDecoder">The same as it is fast for more.</param>
    public sealed record TextSessions(GraphSession Question, GraphSession ProjectedQuestion, GraphSession Decoder, GraphSession WideDecoder) : IDisposable
    {
        public void Dispose()
        {
            Question.Dispose();
            ProjectedQuestion.Dispose();
            Decoder.Dispose();
            WideDecoder.Dispose();
        }
    }
}
