using System.Runtime.InteropServices;

namespace Blip.Cli.Terminals;

/// <summary>Standard input, output and error as the caller gave them.</summary>
internal static partial class StandardFiles
{
    public const int Input = 0, Output = 1, Error = 2;

    private const int AskForFlags = 1, CloseOnExec = 1, ReadOnly = 0, Closed = -1;

    private static readonly bool[] ClosedByCaller = new bool[3];

    /// <summary>Whether the caller has closed it.</summary>
    public static bool IsClosed(int file) => ClosedByCaller[file];

    /// <summary>
    /// Puts the null device in the place of those that the caller has closed (<c>2>&amp;-</c>). Otherwise the next file that is opened
    /// takes the number, and gets the messages. Nothing can be written to it, so that output that is lost is an error.
    /// </summary>
    public static void Fill()
    {
        if (OperatingSystem.IsWindows())
            return;
        for (int file = Input; file <= Error; file++)
        {
            int flags = Control(file, AskForFlags);
            // What is closed on exec cannot come from the caller: .NET opened it before Main, a pipe of its own, and needs it.
            ClosedByCaller[file] = flags == Closed || (flags & CloseOnExec) != 0;
            if (flags == Closed)
                _ = Open("/dev/null", ReadOnly);
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(int file, int command);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);
}
