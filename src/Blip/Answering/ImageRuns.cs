using Blip.Decoding;
using Blip.Images;
using Blip.Networks;
using Blip.Scheduling;
using Blip.Telemetry;

namespace Blip.Answering;

/// <summary>
/// Runs what waits on the network of one model: images one by one, alternating with the items of the queues that are made here.
/// Thread-safe.
/// </summary>
internal sealed class ImageRuns
{
    private readonly ImageNetwork _network;
    private readonly BlipOptions _options;
    private readonly Func<string> _describeNonFinite;
    private readonly TimeProvider _time;
    private readonly RunSlots _slots;
    private readonly RunQueue<ImageItem, ImageEmbeddings> _images;

    /// <param name="network">Outlives the runs.</param>
    /// <param name="options">The limits.</param>
    /// <param name="describeNonFinite">Says why a value was not finite; may read all weights.</param>
    /// <param name="telemetry">Observes.</param>
    /// <param name="time">The clock of waits.</param>
    public ImageRuns(
        ImageNetwork network, BlipOptions options, Func<string> describeNonFinite, ModelTelemetry telemetry, TimeProvider time)
    {
        (_network, _options, _describeNonFinite, Telemetry, _time) = (network, options, describeNonFinite, telemetry, time);
        _slots = new RunSlots(options.Runs);
        _images = new RunQueue<ImageItem, ImageEmbeddings>(
            _slots, new RunLimits(1, 1), run => Work(run, Encode), item => item.Pixels.Dispose(),
            waits => telemetry.RunStarts(BlipTelemetry.EncodeSpan, waits), time, options.Runs);
    }

    public ModelTelemetry Telemetry { get; }

    /// <summary>Encodes an image. The pixels are owned from here on; the caller of the task holds one reference to its result.</summary>
    public Task<ImageEmbeddings> EncodeAsync(PixelTensor pixels, CancellationToken cancellationToken) =>
        _images.Enqueue([new ImageItem(pixels)], cancellationToken)[0];

    /// <summary>A queue whose runs take turns with those of the images and of the other queues.</summary>
    /// <param name="maxItems">The most items of a run; those and their tokens are bounded by the options, too.</param>
    /// <param name="work">Does the work of a run.</param>
    /// <param name="release">As <see cref="RunQueue{TItem, TResult}"/> says.</param>
    /// <param name="waitingRuns">Runs that may be open beside those at work, which have let others go first.</param>
    public RunQueue<TItem, TResult> CreateQueue<TItem, TResult>(
        int maxItems, Action<Run<TItem, TResult>> work, Action<TItem> release, int waitingRuns)
        where TItem : IRunItem => new(
            _slots, new RunLimits(Math.Min(maxItems, _options.MaxBatchSize), _options.MaxBatchTokens), run => Work(run, work), release,
            waits => Telemetry.RunStarts(BlipTelemetry.QuestionSpan, waits), _time, _options.Runs + waitingRuns);

    /// <summary>Waits for what is under way. Nothing runs after that.</summary>
    public Task DrainAsync() => _slots.DrainAsync();

    private void Work<TItem, TResult>(Run<TItem, TResult> run, Action<Run<TItem, TResult>> work)
        where TItem : IRunItem
    {
        try
        {
            work(run);
        }
        // A run of several is repeated item by item, so that only the item that caused the failure gets the error.
        catch (NonFiniteException exception) when (run.Items.Count == 1)
        {
            throw new BlipModelException($"The network computed a value that is not finite: {_describeNonFinite()}.", exception);
        }
    }

    private void Encode(Run<ImageItem, ImageEmbeddings> run)
    {
        ImageEmbeddings embeddings = _network.Encode(run.Items[0].Pixels.Writable, run.Token);
        Telemetry.Record(Telemetry.Instruments.VisionDuration, embeddings.EncodeTime);
        if (!run.Complete(0, embeddings))
            embeddings.Release();
    }

    /// <summary>An image that waits for the vision network, which takes one at a time.</summary>
    private sealed record ImageItem(PixelTensor Pixels) : IRunItem
    {
        public int Tokens => 1;

        public object Group => this;
    }
}
