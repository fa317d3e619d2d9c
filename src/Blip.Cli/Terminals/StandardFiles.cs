using System.Runtime.InteropServices;

namespace Blip.Cli.Terminals;

/// <summary>Standard input, output and error as the caller gave them.</summary>
internal static partial class StandardFiles
{
    private const int AskForFlags = 1, ReadOnly = 0, Closed = -1;

    /// <summary>Whether standard input had to be filled.</summary>
    public static bool IsInputFilled { get; private set; }

    /// <summary>
    /// Puts the null device in the place of those that the caller has closed (<c>2>&amp;-</c>). Otherwise the next file that is opened
    /// takes the number, and gets the messages. Nothing can be written to it, so that output that is lost is an error.
    /// </summary>
    public static void Fill()
    {
        if (OperatingSystem.IsWindows())
            return;
        for (int file = 0; file <= 2; file++)
        {
            if (Control(file, AskForFlags) != Closed)
                continue;
            _ = Open("/dev/null", ReadOnly);
            IsInputFilled |= file == 0;
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(int file, int command);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);
}
