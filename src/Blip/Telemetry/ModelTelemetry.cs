using System.Diagnostics;
using System.Diagnostics.Metrics;
using Blip.Images;

namespace Blip.Telemetry;

/// <summary>Tells the process's instruments what one model does. Thread-safe; without listeners it costs next to nothing.</summary>
internal sealed class ModelTelemetry(string model)
{
    private readonly KeyValuePair<string, object?> _model = new(BlipTelemetry.ModelTag, model);

    public string Model => model;

    /// <summary>What a request's span and its duration both say of it.</summary>
    public KeyValuePair<string, object?>[] RequestTags { get; } =
        [new(BlipTelemetry.OperationTag, BlipTelemetry.Operation), new(BlipTelemetry.ProviderTag, BlipTelemetry.Provider), new(BlipTelemetry.ModelTag, model)];

    /// <summary>A request begins; what it gives is to be disposed with it.</summary>
    /// <param name="isAsk">Whether it asks, and is a span of its own; encoding alone has only its stages.</param>
    public RequestTrace Start(bool isAsk) => new(this, isAsk);

    public void RequestsChanged(int by) => BlipTelemetry.QueueLength.Add(by, _model);

    public void Decoded(PixelTensor pixels) => Record(BlipTelemetry.ImageDecodeDuration, pixels.DecodeTime + pixels.ResizeTime);

    public void Remembered(bool hit) =>
        BlipTelemetry.ImageCacheRequests.Add(1, _model, new KeyValuePair<string, object?>(BlipTelemetry.ResultTag, hit ? "hit" : "miss"));

    /// <summary>A run starts.</summary>
    /// <param name="stage">What it does.</param>
    /// <param name="waits">How long each of its members has waited.</param>
    public void RunStarts(string stage, IReadOnlyList<TimeSpan> waits)
    {
        KeyValuePair<string, object?> tag = new(BlipTelemetry.StageTag, stage);
        BlipTelemetry.BatchSize.Record(waits.Count, _model, tag);
        foreach (TimeSpan wait in waits)
            BlipTelemetry.QueueDuration.Record(wait.TotalSeconds, _model, tag);
    }

    public void Record(Histogram<double> histogram, TimeSpan duration) => histogram.Record(duration.TotalSeconds, _model);

    /// <summary>A stage's span, told after the fact: runs are shared, and happen where no request is current.</summary>
    /// <param name="name">The stage.</param>
    /// <param name="start">Timestamp of <see cref="Stopwatch"/>.</param>
    /// <param name="duration">How long it took.</param>
    public static void Span(string name, long start, TimeSpan duration)
    {
        if (!BlipTelemetry.Source.HasListeners())
            return;
        DateTimeOffset began = DateTimeOffset.UtcNow - Stopwatch.GetElapsedTime(start);
        using Activity? activity = BlipTelemetry.Source.StartActivity(name, ActivityKind.Internal, parentContext: default, startTime: began);
        activity?.SetEndTime((began + duration).UtcDateTime);
    }
}
