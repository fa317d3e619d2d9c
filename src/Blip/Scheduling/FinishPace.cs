namespace Blip.Scheduling;

/// <summary>
/// Knows from the recent past what one request costs, however many run side by side: the mean time from one finish to the next while there
/// was work. The owner's lock protects it.
/// </summary>
internal sealed class FinishPace(TimeProvider time)
{
    /// <summary>How much the newest interval counts in the running mean.</summary>
    private const double Weight = 0.1;

    private long _lastFinish;
    private double _secondsPerRequest = 0.5;

    /// <summary>The first request after a pause begins.</summary>
    public void Begin() => _lastFinish = time.GetTimestamp();

    /// <summary>A request is finished.</summary>
    public void Finish()
    {
        long now = time.GetTimestamp();
        _secondsPerRequest += Weight * (time.GetElapsedTime(_lastFinish, now).TotalSeconds - _secondsPerRequest);
        _lastFinish = now;
    }

    /// <summary>When a place is expected to be free: whole seconds, 1 to 120.</summary>
    /// <param name="requests">The requests that are under way and waiting.</param>
    public TimeSpan TimeOf(int requests) => TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling(requests * _secondsPerRequest), 1, 120));
}
