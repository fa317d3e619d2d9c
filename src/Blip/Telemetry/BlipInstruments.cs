using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Blip.Telemetry;

/// <summary>The instruments of one meter. All models that share the meter share them, and a tag distinguishes them.</summary>
internal sealed class BlipInstruments
{
    private static readonly ConditionalWeakTable<Meter, BlipInstruments> ByMeter = [];
    private static readonly Meter ProcessMeter = new(BlipTelemetry.MeterName, BlipTelemetry.Version);

    private readonly Meter _meter;

    private BlipInstruments(Meter meter)
    {
        _meter = meter;
        RequestDuration = Seconds("gen_ai.server.request.duration", "From the call to its answers, waiting included.", Doubling(0.01, 14));
        TimePerOutputToken = Seconds("gen_ai.server.time_per_output_token", "The search's time for each token of the answer.",
            [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]);
        QueueDuration = Stage("blip.queue.duration", "Waiting for a run.");
        ImageDecodeDuration = Stage("blip.image.decode.duration", "From an image's bytes to pixels of the model's size.");
        ImageDecodeTimeouts = meter.CreateCounter<long>(
            "blip.image.decode.timeouts", "{image}", "Images whose decoding took too long. Its thread continues.");
        VisionDuration = Stage("blip.vision.duration", "The vision transformer, once for each image.");
        QuestionDuration = Stage("blip.question.duration", "The question encoder, once for each run.");
        DecodeDuration = Stage("blip.decode.duration", "The answer decoder with all its steps, once for each run.");
        BatchSize = meter.CreateHistogram("blip.batch.size", "{request}", "Requests that shared a run.", null,
            new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128] });
        QueueLength = meter.CreateUpDownCounter<int>("blip.queue.length", "{request}", "Requests under way or waiting.");
        ImageCacheRequests = meter.CreateCounter<long>(
            "blip.image_cache.requests", "{request}", "Images that were in the cache (hit) or encoded (miss).");
        ImageCacheBytes = Bytes("blip.image_cache.size", "Encoded images in the cache, their keys and values included.");
        ProjectedBytes = Bytes("blip.image_cache.projected", "The part of the cache that keys and values take.");
        NativeBytes = Bytes("blip.images.native", "Native memory of all encoded images, in the cache or held by callers.");
    }

    public Histogram<double> RequestDuration { get; }

    public Histogram<double> TimePerOutputToken { get; }

    public Histogram<double> QueueDuration { get; }

    public Histogram<double> ImageDecodeDuration { get; }

    public Counter<long> ImageDecodeTimeouts { get; }

    public Histogram<double> VisionDuration { get; }

    public Histogram<double> QuestionDuration { get; }

    public Histogram<double> DecodeDuration { get; }

    public Histogram<int> BatchSize { get; }

    public UpDownCounter<int> QueueLength { get; }

    public Counter<long> ImageCacheRequests { get; }

    public UpDownCounter<long> ImageCacheBytes { get; }

    public UpDownCounter<long> ProjectedBytes { get; }

    public UpDownCounter<long> NativeBytes { get; }

    /// <summary>Those of a factory's meter, or of the process where there is none.</summary>
    public static BlipInstruments Of(IMeterFactory? factory)
    {
        Meter meter = factory?.Create(new MeterOptions(BlipTelemetry.MeterName) { Version = BlipTelemetry.Version }) ?? ProcessMeter;
        return ByMeter.GetValue(meter, made => new BlipInstruments(made));
    }

    private Histogram<double> Stage(string name, string description) => Seconds(name, description, Doubling(0.001, 15));

    private Histogram<double> Seconds(string name, string description, double[] bounds) =>
        _meter.CreateHistogram(name, "s", description, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });

    private UpDownCounter<long> Bytes(string name, string description) => _meter.CreateUpDownCounter<long>(name, "By", description);

    private static double[] Doubling(double first, int count)
    {
        double[] bounds = new double[count];
        for (int i = 0; i < count; i++)
            bounds[i] = first * (1 << i);
        return bounds;
    }
}
