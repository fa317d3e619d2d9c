using System.Globalization;

namespace Blip.Cli.Terminals;

/// <summary>Sizes as people read them.</summary>
internal static class Units
{
    private static readonly string[] Names = ["bytes", "kB", "MB", "GB", "TB"];

    /// <summary>Bytes with three digits, as files are shown: 1.5 GB.</summary>
    public static string Bytes(long bytes)
    {
        double value = bytes;
        int unit = 0;
        for (; value >= 999.5 && unit < Names.Length - 1; unit++)
            value /= 1000;
        string form = unit == 0 || value >= 99.95 ? "0" : value >= 9.995 ? "0.0" : "0.00";
        return $"{value.ToString(form, CultureInfo.InvariantCulture)} {Names[unit]}";
    }
}
