using System.Diagnostics;
using Blip.Decoding;
using Blip.Networks;
using Blip.Scheduling;
using Blip.Telemetry;

namespace Blip.Answering;

/// <summary>Gives answers, or captions, of one run to their callers when they are found, and lets other runs in between.</summary>
internal sealed class AnswerListener<TItem>(Run<TItem, QuestionResult> run, ModelTelemetry telemetry) : IAnswerListener
    where TItem : IRunItem
{
    /// <summary>Decoder steps after which a search lets others run. Most answers end before.</summary>
    private const int StepsInTurn = 4;

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
