using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Blip.Telemetry;

/// <summary>
/// All names of Blip's spans, tags and metrics, and the instruments of the process. docs/service.md describes them for operators.
/// </summary>
/// <remarks>
/// Names with <c>gen_ai.</c> come from the semantic conventions of OpenTelemetry for generative AI, which are still in development.
/// </remarks>
public static class BlipTelemetry
{
    /// <summary>The name of Blip's <see cref="ActivitySource"/>, for <c>AddSource</c>.</summary>
    public const string SourceName = "Blip";

    /// <summary>The name of Blip's <see cref="Meter"/>, for <c>AddMeter</c>.</summary>
    public const string MeterName = "Blip";

    internal const string AskSpan = "ask", DecodeSpan = "decode", EncodeSpan = "encode", QuestionSpan = "question", SearchSpan = "search";
    internal const string Operation = "generate_content", Provider = "blip";
    internal const string OperationTag = "gen_ai.operation.name", ProviderTag = "gen_ai.provider.name", ModelTag = "gen_ai.request.model",
        InputTokensTag = "gen_ai.usage.input_tokens", OutputTokensTag = "gen_ai.usage.output_tokens", InputTag = "gen_ai.input.messages",
        OutputTag = "gen_ai.output.messages", ErrorTag = "error.type", QuestionsTag = "blip.questions", StageTag = "blip.stage",
        ResultTag = "blip.image_cache.result";

    private static readonly string? Version = typeof(BlipTelemetry).Assembly.GetName().Version?.ToString(3);
    private static readonly Meter Meter = new(MeterName, Version);

    internal static ActivitySource Source { get; } = new(SourceName, Version);

    internal static Histogram<double> RequestDuration { get; } = Seconds(
        "gen_ai.server.request.duration", "From the call to its answers, including the time in the queue.", Doubling(0.01, 14));

    internal static Histogram<double> TimePerOutputToken { get; } = Seconds(
        "gen_ai.server.time_per_output_token", "The decoder's time for each token of the answer.",
        [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]);

    internal static Histogram<double> QueueDuration { get; } = Stage("blip.queue.duration", "The time that an item waits for its run.");

    internal static Histogram<double> ImageDecodeDuration { get; } = Stage(
        "blip.image.decode.duration", "From an image's bytes to pixels of the model's size.");

    internal static Histogram<double> VisionDuration { get; } = Stage(
        "blip.vision.duration", "The vision transformer, once for each image.");

    internal static Histogram<double> QuestionDuration { get; } = Stage(
        "blip.question.duration", "The question encoder, once for each run.");

    internal static Histogram<double> DecodeDuration { get; } = Stage(
        "blip.decode.duration", "All steps of the answer decoder, once for each run.");

    internal static Histogram<int> BatchSize { get; } = Meter.CreateHistogram(
        "blip.batch.size", "{request}", "The number of items that share a run.", null,
        new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128] });

    internal static UpDownCounter<int> QueueLength { get; } = Meter.CreateUpDownCounter<int>(
        "blip.queue.length", "{request}", "Requests that wait or run.");

    internal static Counter<long> ImageCacheRequests { get; } = Meter.CreateCounter<long>(
        "blip.image_cache.requests", "{request}", "Images that were in the cache (hit) or encoded (miss).");

    private static Histogram<double> Stage(string name, string description) => Seconds(name, description, Doubling(0.001, 15));

    private static Histogram<double> Seconds(string name, string description, double[] bounds) =>
        Meter.CreateHistogram(name, "s", description, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });

    private static double[] Doubling(double first, int count)
    {
        double[] bounds = new double[count];
        for (int i = 0; i < count; i++)
            bounds[i] = first * (1 << i);
        return bounds;
    }
}
