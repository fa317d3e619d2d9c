using Blip.Networks;
using Blip.Scheduling;

namespace Blip.Answering;

/// <summary>Answers questions in runs of their own budget. Thread-safe.</summary>
internal sealed class QuestionRuns
{
    /// <summary>Runs of questions that may be open beside those at work, which have let others go first.</summary>
    private const int WaitingRuns = 3;

    /// <summary>
    /// An answer that may have more tokens is long, and so are choices that one pass cannot rank. Long ones have runs of their own: however
    /// many are open, short ones need not wait until one ends.
    /// </summary>
    private const int MaxShortAnswer = 20;

    private readonly QuestionAnsweringNetwork _network;
    private readonly ImageRuns _runs;
    private readonly RunQueue<ImageQuestion, QuestionResult>[] _shortAnswers, _longAnswers;

    /// <param name="network">Outlives the runs.</param>
    /// <param name="runs">Those of the images.</param>
    public QuestionRuns(QuestionAnsweringNetwork network, ImageRuns runs)
    {
        (_network, _runs) = (network, runs);
        int searches = Enum.GetValues<QuestionSearch>().Length;
        _shortAnswers = [.. Enumerable.Range(0, searches).Select(_ => Queue())];
        _longAnswers = [.. Enumerable.Range(0, searches).Select(_ => Queue())];

        RunQueue<ImageQuestion, QuestionResult> Queue() => runs.CreateQueue<ImageQuestion, QuestionResult>(
            int.MaxValue, Ask, question => question.Embeddings.Release(), WaitingRuns);
    }

    /// <summary>
    /// Answers the questions of a call, one or more, which have equal limits and the same search. Each holds a reference to its image,
    /// which is owned from here on.
    /// </summary>
    public Task<QuestionResult>[] Ask(IReadOnlyList<ImageQuestion> questions, CancellationToken cancellationToken) =>
        questions.Count == 0 ? []
            : (IsLong(questions[0]) ? _longAnswers : _shortAnswers)[(int)questions[0].Search].Enqueue(questions, cancellationToken);

    private static bool IsLong(ImageQuestion question) => question.Choices is { } choices
        ? choices.Rows > QuestionAnsweringNetwork.MaxRankRows
        : question.Limits.MaxNewTokens > MaxShortAnswer;

    private void Ask(Run<ImageQuestion, QuestionResult> run)
    {
        AnswerListener<ImageQuestion> listener = new(run, _runs.Telemetry);
        _network.Ask(run.Items, listener, run.Token);
        _runs.Telemetry.Record(_runs.Telemetry.Instruments.DecodeDuration, listener.SearchTime);
    }
}
