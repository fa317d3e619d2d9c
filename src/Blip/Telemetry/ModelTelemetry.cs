using System.Diagnostics;
using System.Diagnostics.Metrics;
using Blip.Images;

namespace Blip.Telemetry;

/// <summary>Records what one model does in the instruments of the process. Thread-safe. Takes almost no time without listeners.</summary>
internal sealed class ModelTelemetry(string model)
{
    private readonly KeyValuePair<string, object?> _model = new(BlipTelemetry.ModelTag, model);

    public string Model => model;

    /// <summary>The tags of a request's span and of its duration.</summary>
    public KeyValuePair<string, object?>[] RequestTags { get; } =
    [
        new(BlipTelemetry.OperationTag, BlipTelemetry.Operation),
        new(BlipTelemetry.ProviderTag, BlipTelemetry.Provider),
        new(BlipTelemetry.ModelTag, model),
    ];

    /// <summary>Starts the trace of a request. The caller disposes it when the request ends.</summary>
    /// <param name="isAsk">Whether the request asks questions. Only such a request has a span, not one that only encodes.</param>
    public RequestTrace Start(bool isAsk) => new(this, isAsk);

    public void RequestsChanged(int by) => BlipTelemetry.QueueLength.Add(by, _model);

    public void Decoded(PixelTensor pixels) => Record(BlipTelemetry.ImageDecodeDuration, pixels.DecodeTime + pixels.ResizeTime);

    public void Remembered(bool hit) =>
        BlipTelemetry.ImageCacheRequests.Add(1, _model, new KeyValuePair<string, object?>(BlipTelemetry.ResultTag, hit ? "hit" : "miss"));

    /// <summary>Records the start of a run.</summary>
    /// <param name="stage">The stage that runs.</param>
    /// <param name="waits">The time that each item of the run has waited.</param>
    public void RunStarts(string stage, IReadOnlyList<TimeSpan> waits)
    {
        KeyValuePair<string, object?> tag = new(BlipTelemetry.StageTag, stage);
        BlipTelemetry.BatchSize.Record(waits.Count, _model, tag);
        foreach (TimeSpan wait in waits)
            BlipTelemetry.QueueDuration.Record(wait.TotalSeconds, _model, tag);
    }

    public void Record(Histogram<double> histogram, TimeSpan duration) => histogram.Record(duration.TotalSeconds, _model);

    /// <summary>
    /// Records the span of a stage after the stage has ended. Requests share runs, and a run executes on a thread that has no current
    /// request, so the span cannot be open during the run.
    /// </summary>
    /// <param name="name">The stage.</param>
    /// <param name="start">The start: a timestamp of <see cref="Stopwatch"/>.</param>
    /// <param name="duration">The duration of the stage.</param>
    public static void Span(string name, long start, TimeSpan duration)
    {
        if (!BlipTelemetry.Source.HasListeners())
            return;
        DateTimeOffset began = DateTimeOffset.UtcNow - Stopwatch.GetElapsedTime(start);
        using Activity? activity =
            BlipTelemetry.Source.StartActivity(name, ActivityKind.Internal, parentContext: default, startTime: began);
        activity?.SetEndTime((began + duration).UtcDateTime);
    }
}
