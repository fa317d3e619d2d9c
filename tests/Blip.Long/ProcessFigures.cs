using System.Diagnostics;
using System.Globalization;

namespace Blip.Long;

/// <summary>What this process takes of the machine. Memory is told on Linux only.</summary>
internal static class ProcessFigures
{
    public static TimeSpan ProcessorTime
    {
        get
        {
            using Process process = Process.GetCurrentProcess();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>The memory in use now, in MB, after what the collector can free is freed.</summary>
    public static double ResidentMegabytes
    {
        get
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            return Status("VmRSS:");
        }
    }

    /// <summary>The most memory in use since <see cref="ResetPeak"/>, in MB.</summary>
    public static double PeakMegabytes => Status("VmHWM:");

    public static void ResetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");

    private static double Status(string name)
    {
        string line = File.ReadLines("/proc/self/status").Single(line => line.StartsWith(name, StringComparison.Ordinal));
        return double.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }
}
