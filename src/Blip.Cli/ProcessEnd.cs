using System.Runtime.InteropServices;

namespace Blip.Cli;

/// <summary>Ends the process whatever its threads do: a thread may wait in the system for a pipe or a disk.</summary>
internal static partial class ProcessEnd
{
    /// <summary>Ends the process after a while, if it has not ended by then.</summary>
    public static void After(TimeSpan time, int exitCode)
    {
        Thread end = new(() =>
        {
            Thread.Sleep(time);
            Now(exitCode);
        })
        { IsBackground = true };
        end.Start();
    }

    /// <summary>Ends the process at once.</summary>
    public static void Now(int exitCode)
    {
        if (OperatingSystem.IsWindows())
            Environment.Exit(exitCode);
        // Environment.Exit would run handlers, which may wait for the thread that hangs.
        Exit(exitCode);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void Exit(int exitCode);
}
