using Blip.Answering;
using Blip.Networks;
using Blip.Scheduling;

namespace Blip.Captioning;

/// <summary>Writes captions in runs that several images share. Thread-safe.</summary>
internal sealed class CaptionRuns
{
    /// <summary>Runs that may be open beside those at work: each holds keys and values of its images.</summary>
    private const int WaitingRuns = 1;

    private readonly CaptioningNetwork _network;
    private readonly ImageRuns _runs;
    private readonly RunQueue<ImageCaption, QuestionResult> _greedy, _beams;

    /// <param name="network">Outlives the runs.</param>
    /// <param name="runs">Those of the images.</param>
    public CaptionRuns(CaptioningNetwork network, ImageRuns runs)
    {
        (_network, _runs) = (network, runs);
        (_greedy, _beams) = (Queue(), Queue());

        RunQueue<ImageCaption, QuestionResult> Queue() => runs.CreateQueue<ImageCaption, QuestionResult>(
            network.MaxCaptions, Caption, caption => caption.Embeddings.Release(), WaitingRuns);
    }

    /// <summary>Writes a caption. Its reference to the image is owned from here on.</summary>
    public Task<QuestionResult> CaptionAsync(ImageCaption caption, CancellationToken cancellationToken) =>
        (caption.Beams is null ? _greedy : _beams).Enqueue([caption], cancellationToken)[0];

    private void Caption(Run<ImageCaption, QuestionResult> run)
    {
        AnswerListener<ImageCaption> listener = new(run, _runs.Telemetry);
        _network.Caption(run.Items, listener, run.Token);
        _runs.Telemetry.Record(_runs.Telemetry.Instruments.DecodeDuration, listener.SearchTime);
    }
}
