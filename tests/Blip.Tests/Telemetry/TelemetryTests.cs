using System.Diagnostics;
using System.Diagnostics.Metrics;
using Blip.Telemetry;
using Xunit;

namespace Blip.Tests.Telemetry;

/// <summary>The telemetry of one model. Its name is unique, so the telemetry of other tests is not mixed in.</summary>
public sealed class TelemetryTests : IAsyncLifetime
{
    private const string Content = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

    private readonly TempFolder _folder = new();
    private readonly ActivitySource _test = new("Blip.Tests." + Guid.NewGuid().ToString("N"));
    private readonly List<Activity> _spans = [];
    private readonly List<(string Instrument, double Value, Dictionary<string, object?> Tags)> _measurements = [];
    private readonly ActivityListener _spanListener;
    private readonly MeterListener _meterListener = new();
    private readonly string _name = "model-" + Guid.NewGuid().ToString("N");
    private BlipModel _model = null!;

    public TelemetryTests()
    {
        _spanListener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == BlipTelemetry.SourceName || source == _test,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                lock (_spans)
                    _spans.Add(span);
            },
        };
        ActivitySource.AddActivityListener(_spanListener);
        _meterListener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == BlipTelemetry.MeterName)
                listener.EnableMeasurementEvents(instrument);
        };
        _meterListener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Measured(instrument, value, tags));
        _meterListener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Measured(instrument, value, tags));
        _meterListener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Measured(instrument, value, tags));
        _meterListener.Start();
    }

    public async ValueTask InitializeAsync() => _model = await BlipModel.LoadAsync(_folder.Copy(TestPaths.DemoModel, _name));

    public async ValueTask DisposeAsync()
    {
        await _model.DisposeAsync();
        _spanListener.Dispose();
        _meterListener.Dispose();
        _test.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Ask_OneQuestion_HasASpanForEachStageAndNoContent()
    {
        ActivityTraceId trace = await AskTracedAsync("how many dogs are in the picture?");
        Activity[] spans = [.. Spans(trace).Where(s => s.Source.Name == BlipTelemetry.SourceName)];
        Activity ask = Assert.Single(spans, s => s.OperationName == "ask");
        Activity[] stages = [.. spans.Where(s => s != ask).OrderBy(s => s.StartTimeUtc)];
        Assert.Equal(["decode", "encode", "question", "search"], stages.Select(s => s.OperationName));
        Assert.All(stages, s => Assert.Equal(ask.SpanId, s.ParentSpanId));
        Assert.All(stages, s =>
        {
            Assert.InRange(s.StartTimeUtc, ask.StartTimeUtc.AddMilliseconds(-1), ask.StartTimeUtc + ask.Duration);
            Assert.True(s.Duration > TimeSpan.Zero && s.Duration <= ask.Duration);
        });
        Assert.Equal("generate_content " + _name, ask.DisplayName);
        Assert.Equal("generate_content", ask.GetTagItem("gen_ai.operation.name"));
        Assert.Equal("blip", ask.GetTagItem("gen_ai.provider.name"));
        Assert.Equal(_name, ask.GetTagItem("gen_ai.request.model"));
        Assert.Equal(10, ask.GetTagItem("gen_ai.usage.input_tokens"));
        Assert.Equal(2, ask.GetTagItem("gen_ai.usage.output_tokens"));
        Assert.Equal(ActivityStatusCode.Unset, ask.Status);
        Assert.DoesNotContain(spans, s => s.TagObjects.Any(t => $"{t.Value}".Contains("dogs", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Ask_ContentSwitchedOn_RecordsQuestionAndAnswer()
    {
        Environment.SetEnvironmentVariable(Content, "true");
        try
        {
            ActivityTraceId trace = await AskTracedAsync("how many dogs are in the picture?");
            Activity ask = Assert.Single(Spans(trace), s => s.OperationName == "ask");
            Assert.Equal(
                """[{"role":"user","parts":[{"type":"text","content":"how many dogs are in the picture?"}]}]""",
                ask.GetTagItem("gen_ai.input.messages"));
            Assert.Equal("""[{"role":"assistant","parts":[{"type":"text","content":"2"}]}]""", ask.GetTagItem("gen_ai.output.messages"));
        }
        finally
        {
            Environment.SetEnvironmentVariable(Content, null);
        }
    }

    [Fact]
    public async Task Ask_Error_RecordsTheCodeAndNotTheMessage()
    {
        using (Activity root = _test.StartActivity("test")!)
        {
            await Assert.ThrowsAsync<BlipException>(() => _model.AskAsync(BlipImage.FromFile(TestPaths.Sample("dogs.jpg")), " "));
            Assert.Equal(_name, _model.Info.Name);
            Activity ask = Assert.Single(Spans(root.TraceId), s => s.OperationName == "ask");
            Assert.Equal("question_empty", ask.GetTagItem("error.type"));
            Assert.Equal(ActivityStatusCode.Error, ask.Status);
            Assert.Null(ask.StatusDescription);
        }
        Assert.Equal("question_empty", Assert.Single(Values("gen_ai.server.request.duration")).Tags["error.type"]);
    }

    [Fact]
    public async Task Ask_TwiceAboutOneImage_DecodesAndEncodesOnce()
    {
        BlipImage image = BlipImage.FromFile(TestPaths.Sample("dogs.jpg"));
        await _model.AskAsync(image, "how many dogs are in the picture?");
        await _model.AskAsync(image, ["is it day or night?", "where is this?", "is there a cat?"]);

        Assert.Equal(["miss", "hit"], Values("blip.image_cache.requests").Select(m => m.Tags["blip.image_cache.result"]));
        Assert.Single(Values("blip.vision.duration"));
        Assert.Single(Values("blip.image.decode.duration"));
        Assert.Equal(2, Values("gen_ai.server.request.duration").Count());
        Assert.Equal(4, Values("gen_ai.server.time_per_output_token").Count());
        Assert.Equal(
            [("encode", 1), ("question", 1), ("question", 3)],
            Values("blip.batch.size").Select(m => ((string)m.Tags["blip.stage"]!, (int)m.Value)));
        Assert.Equal(5, Values("blip.queue.duration").Count());
        Assert.Equal(Values("blip.question.duration").Count(), Values("blip.decode.duration").Count());
        Assert.Equal(0, Values("blip.queue.length").Sum(m => m.Value));
        Assert.All(
            _measurements.Where(m => m.Instrument.EndsWith("duration", StringComparison.Ordinal)),
            m => Assert.InRange(m.Value, 0, 60));
    }

    private async Task<ActivityTraceId> AskTracedAsync(string question)
    {
        using Activity root = _test.StartActivity("test")!;
        await _model.AskAsync(BlipImage.FromFile(TestPaths.Sample("dogs.jpg")), question);
        return root.TraceId;
    }

    private Activity[] Spans(ActivityTraceId trace)
    {
        lock (_spans)
            return [.. _spans.Where(s => s.TraceId == trace)];
    }

    private IEnumerable<(string Instrument, double Value, Dictionary<string, object?> Tags)> Values(string instrument)
    {
        lock (_measurements)
            return [.. _measurements.Where(m => m.Instrument == instrument)];
    }

    private void Measured(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Dictionary<string, object?> copy = [];
        foreach ((string key, object? tag) in tags)
            copy[key] = tag;
        if (!_name.Equals(copy.GetValueOrDefault("gen_ai.request.model")))
            return;
        lock (_measurements)
            _measurements.Add((instrument.Name, value, copy));
    }
}
