using System.Diagnostics;
using Blip.Decoding;
using Blip.Images;
using Blip.Networks;
using Blip.Scheduling;
using Blip.Telemetry;

namespace Blip.Answering;

/// <summary>
/// Brings what waits together with the network: images one by one, questions in runs of their own budget, in turn. Thread-safe.
/// </summary>
internal sealed class ModelRuns
{
    /// <summary>Decoder steps after which a search lets others run. Most answers end before.</summary>
    private const int StepsInTurn = 4;

    /// <summary>Runs of questions that may be open beside those at work, which have let others go first.</summary>
    private const int WaitingRuns = 3;

    /// <summary>
    /// An answer that may have more tokens is long, and so are choices that one pass cannot rank. Long ones have runs of their own: however
    /// many are open, short ones need not wait until one ends.
    /// </summary>
    private const int MaxShortAnswer = 20;

    private readonly QuestionAnsweringNetwork _network;
    private readonly Func<string> _describeNonFinite;
    private readonly ModelTelemetry _telemetry;
    private readonly RunSlots _slots;
    private readonly RunQueue<ImageItem, ImageEmbeddings> _images;
    private readonly RunQueue<ImageQuestion, QuestionResult>[] _shortAnswers, _longAnswers;

    /// <param name="network">Outlives the runs.</param>
    /// <param name="options">The limits.</param>
    /// <param name="describeNonFinite">Says why a value was not finite; may read all weights.</param>
    /// <param name="telemetry">Observes.</param>
    /// <param name="time">The clock of waits.</param>
    public ModelRuns(
        QuestionAnsweringNetwork network, BlipOptions options, Func<string> describeNonFinite, ModelTelemetry telemetry, TimeProvider time)
    {
        (_network, _describeNonFinite, _telemetry) = (network, describeNonFinite, telemetry);
        _slots = new RunSlots(options.MaxConcurrentRuns);
        _images = new RunQueue<ImageItem, ImageEmbeddings>(
            _slots, new RunLimits(1, 1), Encode, item => item.Pixels.Dispose(),
            waits => telemetry.RunStarts(BlipTelemetry.EncodeSpan, waits), time, options.MaxConcurrentRuns);
        int searches = Enum.GetValues<QuestionSearch>().Length;
        _shortAnswers = [.. Enumerable.Range(0, searches).Select(_ => QuestionQueue())];
        _longAnswers = [.. Enumerable.Range(0, searches).Select(_ => QuestionQueue())];

        RunQueue<ImageQuestion, QuestionResult> QuestionQueue() => new(
            _slots, new RunLimits(options.MaxBatchSize, options.MaxBatchTokens), Ask, question => question.Embeddings.Release(),
            waits => telemetry.RunStarts(BlipTelemetry.QuestionSpan, waits), time, options.MaxConcurrentRuns + WaitingRuns);
    }

    /// <summary>Encodes an image. The pixels are owned from here on; the caller of the task holds one reference to its result.</summary>
    public Task<ImageEmbeddings> EncodeAsync(PixelTensor pixels, CancellationToken cancellationToken) =>
        _images.Enqueue([new ImageItem(pixels)], cancellationToken)[0];

    /// <summary>
    /// Answers the questions of a call, one or more, which have equal limits and the same search. Each holds a reference to its image,
    /// which is owned from here on.
    /// </summary>
    public Task<QuestionResult>[] Ask(IReadOnlyList<ImageQuestion> questions, CancellationToken cancellationToken) =>
        questions.Count == 0 ? []
            : (IsLong(questions[0]) ? _longAnswers : _shortAnswers)[(int)questions[0].Search].Enqueue(questions, cancellationToken);

    /// <summary>Waits for what is under way. Nothing runs after that.</summary>
    public Task DrainAsync() => _slots.DrainAsync();

    private static bool IsLong(ImageQuestion question) => question.Choices is { } choices
        ? choices.Rows > QuestionAnsweringNetwork.MaxRankRows
        : question.Limits.MaxNewTokens > MaxShortAnswer;

    private void Encode(Run<ImageItem, ImageEmbeddings> run)
    {
        ImageEmbeddings embeddings = _network.Encode(run.Items[0].Pixels.Writable, run.Token);
        _telemetry.Record(_telemetry.Instruments.VisionDuration, embeddings.EncodeTime);
        if (!run.Complete(0, embeddings))
            embeddings.Release();
    }

    private void Ask(Run<ImageQuestion, QuestionResult> run)
    {
        AskListener listener = new(run, _telemetry);
        try
        {
            _network.Ask(run.Items, listener, run.Token);
            _telemetry.Record(_telemetry.Instruments.DecodeDuration, listener.SearchTime);
        }
        // A run of several is repeated question by question, so that only the one at fault is told.
        catch (NonFiniteException exception) when (run.Items.Count == 1)
        {
            throw new BlipModelException($"The network gave a value that is not finite: {_describeNonFinite()}.", exception);
        }
    }

    /// <summary>An image that waits for the vision network, which takes one at a time.</summary>
    private sealed record ImageItem(PixelTensor Pixels) : IRunItem
    {
        public int Tokens => 1;

        public object Group => this;
    }

    /// <summary>Hands answers to their callers as they are found.</summary>
    private sealed class AskListener(Run<ImageQuestion, QuestionResult> run, ModelTelemetry telemetry) : IAnswerListener
    {
        private readonly long _start = Stopwatch.GetTimestamp();
        private long _searchStart;
        private TimeSpan _encodeTime;
        private int _steps;

        public TimeSpan SearchTime => Stopwatch.GetElapsedTime(_searchStart);

        public void Encoded(TimeSpan took)
        {
            _searchStart = Stopwatch.GetTimestamp();
            _encodeTime = took;
            telemetry.Record(telemetry.Instruments.QuestionDuration, took);
        }

        public bool IsWanted(int answer) => !run.IsGone(answer);

        public void Found(int answer, FoundAnswer found) =>
            run.Complete(answer, new QuestionResult(found, _start, _encodeTime, SearchTime));

        public void StepDone(bool isLong)
        {
            if (++_steps % StepsInTurn == 0 || isLong)
                run.Yield();
        }
    }
}
