using Xunit;

namespace Blip.Hub.Tests;

public class HubMeterTests
{
    private readonly List<HubProgress> _reports = [];
    private readonly Clock _clock = new();

    [Fact]
    public void Set_SteadyRate_GivesRateAndTimeLeft()
    {
        HubFile a = File("a", 10_000);
        HubMeter meter = new(new Collector(_reports), _clock, [a, File("b", 5_000)]);
        meter.Set(a, 2_000);   // from an earlier download, so it does not count for the rate
        for (int i = 1; i <= 20; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(200));
            meter.Set(a, 2_000 + (i * 200), received: 200);
        }
        HubProgress last = _reports[^1];
        Assert.Equal((6_000, 10_000, 6_000, 15_000), (last.FileBytes, last.FileSize, last.Bytes, last.Size));
        Assert.Equal(1_000, last.BytesPerSecond, tolerance: 1);
        Assert.Equal(9, last.TimeLeft?.TotalSeconds ?? 0, tolerance: 0.1);
        Assert.Null(_reports[0].TimeLeft);
    }

    [Fact]
    public void Set_Often_ReportsTenTimesASecondAndTheEnd()
    {
        HubFile a = File("a", 1_000);
        HubMeter meter = new(new Collector(_reports), _clock, [a]);
        for (int i = 1; i <= 1_000; i++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            meter.Set(a, i, received: 1);
        }
        meter.Set(a, 1_000, done: true);
        Assert.InRange(_reports.Count, 10, 12);
        Assert.True(_reports[^1].FileDone);
        Assert.All(_reports.SkipLast(1), report => Assert.False(report.FileDone));
    }

    private static HubFile File(string name, long size) => new(name, new string('a', 40), new string('b', 40), size);

    private sealed class Collector(List<HubProgress> reports) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => reports.Add(value);
    }

    private sealed class Clock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan time) => _ticks += time.Ticks;

        public override long GetTimestamp() => _ticks;
    }
}
