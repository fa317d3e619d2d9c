namespace Blip.Tests.Telemetry;

/// <summary>
/// Holds the first run of questions that starts, so that what is asked meanwhile gathers behind it. Disposing lets it go on.
/// </summary>
internal sealed class HeldRun : IDisposable
{
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new();
    private readonly ModelMeter _meter;

    /// <param name="meter">Of the model.</param>
    public HeldRun(ModelMeter meter)
    {
        _meter = meter;
        meter.QuestionsStart = _ =>
        {
            _started.TrySetResult();
            _released.Task.Wait();
        };
    }

    public Task Started => _started.Task;

    public void Dispose()
    {
        _meter.QuestionsStart = null;
        _released.TrySetResult();
    }
}
