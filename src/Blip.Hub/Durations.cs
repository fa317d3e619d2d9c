using System.Globalization;

namespace Blip.Hub;

/// <summary>Durations in words for people.</summary>
internal static class Durations
{
    private const double Minute = 60, Hour = 3600;

    /// <summary>The time in its two largest units: 2.5 s, 25 s, 4 min 40 s, 1 h 5 min.</summary>
    public static string Describe(TimeSpan time)
    {
        double seconds = Math.Round(time.TotalSeconds, time.TotalSeconds < 9.95 ? 1 : 0);
        FormattableString text = seconds switch
        {
            < Minute => $"{seconds} s",
            < Hour when seconds % Minute == 0 => $"{seconds / Minute} min",
            < Hour => $"{(int)(seconds / Minute)} min {seconds % Minute} s",
            _ when seconds % Hour < Minute => $"{(long)(seconds / Hour)} h",
            _ => $"{(long)(seconds / Hour)} h {(int)(seconds % Hour / Minute)} min",
        };
        return text.ToString(CultureInfo.InvariantCulture);
    }
}
