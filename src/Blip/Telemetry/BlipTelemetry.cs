using System.Diagnostics;

namespace Blip.Telemetry;

/// <summary>The names of Blip's spans and metrics. docs/service.md describes them for operators.</summary>
/// <remarks>
/// Names with <c>gen_ai.</c> are those of OpenTelemetry's semantic conventions for generative AI, which are still in development.
/// </remarks>
public static class BlipTelemetry
{
    /// <summary>The name of Blip's <see cref="ActivitySource"/>, for <c>AddSource</c>.</summary>
    public const string SourceName = "Blip";

    /// <summary>The name of Blip's <see cref="System.Diagnostics.Metrics.Meter"/>, for <c>AddMeter</c>.</summary>
    public const string MeterName = "Blip";

    internal const string AskSpan = "ask", DecodeSpan = "decode", EncodeSpan = "encode", QuestionSpan = "question", SearchSpan = "search";
    internal const string Operation = "generate_content", Provider = "blip";
    internal const string OperationTag = "gen_ai.operation.name", ProviderTag = "gen_ai.provider.name", ModelTag = "gen_ai.request.model",
        InputTokensTag = "gen_ai.usage.input_tokens", OutputTokensTag = "gen_ai.usage.output_tokens", InputTag = "gen_ai.input.messages",
        OutputTag = "gen_ai.output.messages", ErrorTag = "error.type", QuestionsTag = "blip.questions", StageTag = "blip.stage",
        ResultTag = "blip.image_cache.result";

    internal static string? Version { get; } = typeof(BlipTelemetry).Assembly.GetName().Version?.ToString(3);

    internal static ActivitySource Source { get; } = new(SourceName, Version);
}
