using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Blip.Telemetry;

/// <summary>
/// The telemetry of one request: its span, if it has one, and its duration. Questions and answers are recorded only if
/// <c>OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT</c> is <c>true</c>. Images are never recorded.
/// </summary>
internal sealed class RequestTrace : IDisposable
{
    private readonly ModelTelemetry _telemetry;
    private readonly Activity? _span;
    private readonly bool _isAsk;
    private readonly long _start = Stopwatch.GetTimestamp();
    private string? _error;

    public RequestTrace(ModelTelemetry telemetry, bool isAsk)
    {
        (_telemetry, _isAsk) = (telemetry, isAsk);
        _span = isAsk ? BlipTelemetry.Source.StartActivity(BlipTelemetry.AskSpan) : null;
        if (_span is null)
            return;
        _span.DisplayName = $"{BlipTelemetry.Operation} {telemetry.Model}";
        foreach ((string name, object? value) in telemetry.RequestTags)
            _span.SetTag(name, value);
    }

    private static bool CapturesContent =>
        bool.TryParse(Environment.GetEnvironmentVariable("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"), out bool captures)
        && captures;

    /// <summary>Records the answers of the request.</summary>
    public void Answered(IReadOnlyList<string> questions, Answer[] answers)
    {
        int read = 0, written = 0;
        foreach (Answer answer in answers)
        {
            read += answer.QuestionTokenCount;
            written += answer.TokenLogProbabilities.Count;
            if (answer.Timing.Search is { } search && answer.TokenLogProbabilities.Count > 0)
                _telemetry.Record(_telemetry.Instruments.TimePerOutputToken, search / answer.TokenLogProbabilities.Count);
        }
        if (_span is null)
            return;
        _span.SetTag(BlipTelemetry.QuestionsTag, answers.Length);
        _span.SetTag(BlipTelemetry.InputTokensTag, read);
        _span.SetTag(BlipTelemetry.OutputTokensTag, written);
        if (CapturesContent)
        {
            _span.SetTag(BlipTelemetry.InputTag, Messages("user", questions));
            _span.SetTag(BlipTelemetry.OutputTag, Messages("assistant", Array.ConvertAll(answers, a => a.Text)));
        }
    }

    /// <summary>Records that the request failed.</summary>
    public void Failed(Exception exception)
    {
        _error = exception switch
        {
            BlipException known => known.Code,
            OperationCanceledException => BlipErrorCode.Cancelled,
            _ => exception.GetType().FullName,
        };
        _span?.SetTag(BlipTelemetry.ErrorTag, _error);
        // The status has no message, because the message may contain the question.
        _span?.SetStatus(ActivityStatusCode.Error);
    }

    public void Dispose()
    {
        if (_isAsk)
        {
            TagList tags = new(_telemetry.RequestTags);
            if (_error is not null)
                tags.Add(BlipTelemetry.ErrorTag, _error);
            _telemetry.Instruments.RequestDuration.Record(Stopwatch.GetElapsedTime(_start).TotalSeconds, tags);
        }
        _span?.Dispose();
    }

    /// <summary>A message for each text, in the form of the conventions: [{"role":…,"parts":[{"type":"text","content":…}]}].</summary>
    private static string Messages(string role, IReadOnlyList<string> texts)
    {
        using MemoryStream json = new();
        using (Utf8JsonWriter writer = new(json))
        {
            writer.WriteStartArray();
            foreach (string text in texts)
            {
                writer.WriteStartObject();
                writer.WriteString("role", role);
                writer.WriteStartArray("parts");
                writer.WriteStartObject();
                writer.WriteString("type", "text");
                writer.WriteString("content", text);
                writer.WriteEndObject();
                writer.WriteEndArray();
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        return Encoding.UTF8.GetString(json.GetBuffer().AsSpan(0, (int)json.Length));
    }
}
