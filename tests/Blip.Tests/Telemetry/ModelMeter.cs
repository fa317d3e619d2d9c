using System.Diagnostics.Metrics;
using Blip.Telemetry;

namespace Blip.Tests.Telemetry;

/// <summary>
/// A meter factory for one model of a test, so that no other model is measured. The callbacks run on the thread that measures, inside
/// of what it does: one that blocks there holds a run in its place.
/// </summary>
internal sealed class ModelMeter : IMeterFactory
{
    public const string BatchSize = "blip.batch.size", QueueLength = "blip.queue.length", NativeBytes = "blip.images.native";

    private readonly Lock _gate = new();
    private readonly List<(string Instrument, double Value, string? Stage)> _measured = [];
    private readonly MeterListener _listener = new();
    private Meter? _meter;

    public ModelMeter()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == _meter)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>A run of questions starts; gets how many share it.</summary>
    public Action<int>? QuestionsStart { get; set; }

    /// <summary>The encoding of an image starts.</summary>
    public Action? ImageStarts { get; set; }

    /// <summary>Encoded images take more native memory, or less; gets the change in bytes.</summary>
    public Action<long>? NativeBytesChange { get; set; }

    public Meter Create(MeterOptions options)
    {
        options.Scope = this;
        return _meter = new Meter(options);
    }

    /// <summary>All measurements of an instrument, in their order; of one stage where one is named.</summary>
    public double[] Values(string instrument, string? stage = null)
    {
        lock (_gate)
            return [.. _measured.Where(m => m.Instrument == instrument && (stage is null || m.Stage == stage)).Select(m => m.Value)];
    }

    /// <summary>How many questions shared each run, in the order of the runs.</summary>
    public double[] QuestionRuns() => Values(BatchSize, BlipTelemetry.QuestionSpan);

    public void Dispose()
    {
        _listener.Dispose();
        _meter?.Dispose();
    }

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string? stage = null;
        foreach ((string name, object? tag) in tags)
            stage = name == BlipTelemetry.StageTag ? (string?)tag : stage;
        lock (_gate)
            _measured.Add((instrument.Name, value, stage));
        if (instrument.Name == BatchSize && stage == BlipTelemetry.QuestionSpan)
            QuestionsStart?.Invoke((int)value);
        else if (instrument.Name == BatchSize)
            ImageStarts?.Invoke();
        else if (instrument.Name == NativeBytes)
            NativeBytesChange?.Invoke((long)value);
    }
}
