namespace Blip.Hub;

/// <summary>Adds up what the parallel downloads of one call receive, and reports it at most ten times a second for a file.</summary>
internal sealed class HubMeter(IProgress<HubProgress>? progress, TimeProvider time, IEnumerable<HubFile> files)
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RateWindow = TimeSpan.FromSeconds(3);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, FileState> _files =
        files.ToDictionary(file => file.Name, file => new FileState { Size = file.Size });
    private long _rateStamp = time.GetTimestamp();
    private long _received;
    private double _rate;

    /// <summary>Sets how many bytes of a file are in the cache, and how many of them just came over the network.</summary>
    public void Set(HubFile file, long bytes, int received = 0, bool done = false)
    {
        if (progress is null)
            return;
        HubProgress? report = null;
        lock (_lock)
        {
            FileState state = _files[file.Name];
            state.Bytes = bytes;
            _received += received;
            UpdateRate();
            if (done || state.Reported is not { } last || time.GetElapsedTime(last) >= ReportInterval)
            {
                state.Reported = time.GetTimestamp();
                report = new HubProgress
                {
                    File = file.Name, FileBytes = bytes, FileSize = file.Size, FileDone = done,
                    Bytes = _files.Values.Sum(f => f.Bytes), Size = _files.Values.Sum(f => f.Size), BytesPerSecond = _rate,
                };
            }
        }
        if (report is not null)
            progress.Report(report);
    }

    // An exponential moving average: what is older than the window has little weight.
    private void UpdateRate()
    {
        TimeSpan elapsed = time.GetElapsedTime(_rateStamp);
        if (elapsed < ReportInterval)
            return;
        double current = _received / elapsed.TotalSeconds;
        _rate = _rate == 0 ? current : _rate + ((current - _rate) * (1 - Math.Exp(-elapsed / RateWindow)));
        _received = 0;
        _rateStamp = time.GetTimestamp();
    }

    private sealed class FileState
    {
        public required long Size { get; init; }

        public long Bytes { get; set; }

        public long? Reported { get; set; }
    }
}
