using System.Runtime.InteropServices;

namespace Blip.Cli;

/// <summary>
/// Standard output as a pipe whose reader may go, as <c>head</c> does. The console's stream drops what can no longer be written
/// and says nothing: a long batch would be computed to its end for nobody.
/// </summary>
internal static class OutputPipe
{
    private const int StandardOutput = 1, BrokenPipe = 32;
    private const short Error = 0x8, HungUp = 0x10;

    /// <exception cref="IOException">Nobody reads standard output any more.</exception>
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
