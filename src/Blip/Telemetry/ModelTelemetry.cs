using System.Diagnostics;
using System.Diagnostics.Metrics;
using Blip.Images;

namespace Blip.Telemetry;

/// <summary>Records what one model does. Thread-safe. Takes almost no time without listeners.</summary>
/// <param name="model">The model, as callers know it.</param>
/// <param name="factory">Makes the meter, or <see langword="null"/> for that of the process.</param>
internal sealed class ModelTelemetry(string model, IMeterFactory? factory = null)
{
    private readonly KeyValuePair<string, object?> _model = new(BlipTelemetry.ModelTag, model);

    public string Model => model;

    public BlipInstruments Instruments { get; } = BlipInstruments.Of(factory);

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

    public void RequestsChanged(int by) => Instruments.QueueLength.Add(by, _model);

    public void Decoded(PixelTensor pixels) => Record(Instruments.ImageDecodeDuration, pixels.DecodeTime + pixels.ResizeTime);

    /// <summary>The decoder did not return in time.</summary>
    public void DecodeTimedOut() => Instruments.ImageDecodeTimeouts.Add(1, _model);

    /// <summary>An image was asked about: it was in the cache, or was not.</summary>
    public void Cached(bool hit) =>
        Instruments.ImageCacheRequests.Add(1, _model, new KeyValuePair<string, object?>(BlipTelemetry.ResultTag, hit ? "hit" : "miss"));

    /// <summary>The cache takes more bytes, or fewer.</summary>
    public void CacheChanged(long bytes, long projectedBytes)
    {
        Instruments.ImageCacheBytes.Add(bytes, _model);
        Instruments.ProjectedBytes.Add(projectedBytes, _model);
    }

    /// <summary>Encoded images take more native memory, or less.</summary>
    public void NativeBytesChanged(long bytes) => Instruments.NativeBytes.Add(bytes, _model);

    /// <summary>Records the start of a run.</summary>
    /// <param name="stage">The stage that runs.</param>
    /// <param name="waits">The time that each item of the run has waited.</param>
    public void RunStarts(string stage, IReadOnlyList<TimeSpan> waits)
    {
        KeyValuePair<string, object?> tag = new(BlipTelemetry.StageTag, stage);
        Instruments.BatchSize.Record(waits.Count, _model, tag);
        foreach (TimeSpan wait in waits)
            Instruments.QueueDuration.Record(wait.TotalSeconds, _model, tag);
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
