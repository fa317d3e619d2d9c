using System.Collections.Concurrent;

namespace Blip.Hub.Tests;

/// <summary>A clock whose timers run fifty times as fast as they should. It records the times that they were set to.</summary>
internal sealed class FastTime : TimeProvider
{
    private const int Factor = 50;

    public ConcurrentQueue<TimeSpan> Timers { get; } = new();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Timers.Enqueue(dueTime);
        return new FastTimer(base.CreateTimer(callback, state, Faster(dueTime), period));
    }

    private static TimeSpan Faster(TimeSpan time) => time > TimeSpan.Zero ? time / Factor : time;

    private sealed class FastTimer(ITimer timer) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(Faster(dueTime), period);

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
