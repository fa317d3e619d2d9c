using System.Diagnostics;
using System.Globalization;
using Blip.Cli.Terminals;
using Blip.Hub;

namespace Blip.Cli.Asking;

/// <summary>
/// A line at the bottom of the terminal with the progress, the speed and the remaining time for many images or questions. Nothing
/// elsewhere.
/// </summary>
internal sealed class AskProgress : IProgress<AskEachProgress>, IDisposable
{
    private const int BarColumns = 20;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly int _total, _before;
    private readonly string _unit;
    private readonly bool _isShown;
    private AskEachProgress _latest;
    private long _drawn;
    private bool _isThere;

    /// <param name="total">How many there are.</param>
    /// <param name="unit">What is counted.</param>
    /// <param name="before">How many of them an earlier run has done; they say nothing about how fast this one is.</param>
    public AskProgress(int total, string unit = "images", int before = 0)
    {
        (_total, _unit, _before, _isShown) = (total, unit, before, total > 1 && Terminal.CanRedrawError);
        _latest = new AskEachProgress(before, 0, TimeSpan.Zero);
        Draw();
    }

    public void Report(AskEachProgress value)
    {
        _latest = value;
        if (_drawn == 0 || Stopwatch.GetElapsedTime(_drawn) >= Pause)
            Draw();
    }

    /// <summary>Writes to the terminal what is not progress: the line makes room and comes again.</summary>
    public void Around(Action write)
    {
        if (Terminal.IsOutput)
            Clear();
        write();
        if (Terminal.IsOutput)
            Draw();
    }

    /// <summary>Says how much is done when the rest was cancelled, and what to do.</summary>
    public void Stop(int done, string advice = "")
    {
        Clear();
        CommandLine.WriteError($"stopped after {done} of {_total} {_unit}.{advice}");
    }

    public void Dispose() => Clear();

    private string Describe(AskEachProgress progress)
    {
        int filled = (int)(BarColumns * progress.Done / Math.Max(_total, 1));
        string bar = new string('━', filled) + new string('─', BarColumns - filled);
        string text = string.Create(CultureInfo.InvariantCulture, $"{bar} {progress.Done} of {_total}");
        if (progress.Failed > 0)
            text += string.Create(CultureInfo.InvariantCulture, $", {progress.Failed} failed");
        double rate = progress.Elapsed > TimeSpan.Zero ? (progress.Done - _before) / progress.Elapsed.TotalSeconds : 0;
        if (rate <= 0)
            return text;
        TimeSpan left = TimeSpan.FromSeconds(Math.Min(Math.Ceiling((_total - progress.Done) / rate), TimeSpan.FromDays(99).TotalSeconds));
        return text + string.Create(CultureInfo.InvariantCulture, $", {rate:0.0} {_unit}/s, {Durations.Describe(left)} left");
    }

    private void Draw()
    {
        if (!_isShown)
            return;
        _drawn = Stopwatch.GetTimestamp();
        _isThere = true;
        // One column less: a terminal that is full to the last column may begin a new line.
        int columns = Math.Max(Terminal.ErrorWidth - 1, 1);
        Console.Error.Write($"\r{Terminal.Fit(Describe(_latest), columns).TrimEnd()}\e[K");
    }

    private void Clear()
    {
        if (_isThere)
            Console.Error.Write("\r\e[K");
        _isThere = false;
    }
}
