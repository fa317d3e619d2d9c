using System.Runtime.InteropServices;

namespace Blip.Cli;

/// <summary>
/// Checks whether standard output is a pipe that its reader has closed, as <c>head</c> does. The console's stream hides that: a long
/// batch would go on, although nobody reads its answers.
/// </summary>
internal static class OutputPipe
{
    private const int StandardOutput = 1, BrokenPipe = 32;
    private const short Error = 0x8, HungUp = 0x10;

    /// <exception cref="IOException">The reader has closed the pipe.</exception>
    public static void ThrowIfClosed()
    {
        if (OperatingSystem.IsWindows())
            return;
        PollDescriptor output = new() { File = StandardOutput };
        if (Poll(ref output, 1, 0) > 0 && (output.Found & (Error | HungUp)) != 0)
            throw new IOException("Nobody reads standard output any more.", BrokenPipe);
    }

    [DllImport("libc", EntryPoint = "poll")]
    private static extern int Poll(ref PollDescriptor descriptors, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int File;
        public short Wanted;
        public short Found;
    }
}
