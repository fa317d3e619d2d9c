using Blip.Networks;
using Blip.Scheduling;

namespace Blip.Answering;

/// <summary>Answers questions in runs of their own budget. Thread-safe.</summary>
internal sealed class QuestionRuns
{
    /// <summary>Runs of questions that may be open beside those at work, which have let others go first.</summary>
    private const int WaitingRuns = 3;

    /// <summary>
    /// An answer that may have more tokens is long. Long ones have runs of their own: however many are open, short ones need not wait
    /// until one ends.
    /// </summary>
    private const int MaxShortAnswer = 20;

    private readonly QuestionAnsweringNetwork _network;
    private readonly ImageRuns _runs;
    private readonly RunQueue<ImageQuestion, QuestionResult> _shortAnswers, _longAnswers;

    /// <param name="network">Outlives the runs.</param>
    /// <param name="runs">Those of the images.</param>
    public QuestionRuns(QuestionAnsweringNetwork network, ImageRuns runs)
    {
        (_network, _runs) = (network, runs);
        (_shortAnswers, _longAnswers) = (Queue(), Queue());

        RunQueue<ImageQuestion, QuestionResult> Queue() => runs.CreateQueue<ImageQuestion, QuestionResult>(
            int.MaxValue, Ask, question => question.Embeddings.Release(), WaitingRuns);
    }

    /// <summary>
    /// Answers the questions of a call, which have equal limits. Each holds a reference to its image, which is owned from here on.
    /// </summary>
    public Task<QuestionResult>[] Ask(IReadOnlyList<ImageQuestion> questions, CancellationToken cancellationToken) =>
        (questions is [{ Limits.MaxNewTokens: > MaxShortAnswer }, ..] ? _longAnswers : _shortAnswers).Enqueue(questions, cancellationToken);

    private void Ask(Run<ImageQuestion, QuestionResult> run)
    {
        AnswerListener<ImageQuestion> listener = new(run, _runs.Telemetry);
        _network.Ask(run.Items, listener, run.Token);
        _runs.Telemetry.Record(_runs.Telemetry.Instruments.DecodeDuration, listener.SearchTime);
    }
}
