using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Blip.Checkpoints;

/// <summary>
/// What the system says of a file's content and no program can set: which file it is, and when it was last changed. Two equal stamps of
/// one path are the same content. Known on Linux only.
/// </summary>
/// <param name="File">The file's number on its disk; 0 where nothing is known.</param>
/// <param name="Changed">When its content, name or rights changed (UTC).</param>
/// <param name="IsSettled">Whether a change from now on would have a later time: times move in steps.</param>
internal readonly partial record struct FileStamp(ulong File, DateTime Changed, bool IsSettled)
{
    private static readonly TimeSpan LongestStep = TimeSpan.FromMilliseconds(50);

    // Of Linux's interface, the same on every processor.
    private const int EmptyPath = 0x1000, Size = 256, FileAt = 32, SecondsAt = 96, NanosecondsAt = 104;
    private const uint FileAndChange = 0x180;

    public bool IsKnown => File != 0;

    public static FileStamp Of(SafeFileHandle file) => OperatingSystem.IsLinux() ? Native.Read(file) : default;

    public override string ToString() => FormattableString.Invariant($"{File:x}.{Changed.Ticks:x}");

    private static unsafe partial class Native
    {
        public static FileStamp Read(SafeFileHandle file)
        {
            byte* status = stackalloc byte[Size];
            try
            {
                if (GetStatus(file, "", EmptyPath, FileAndChange, status) != 0 || (*(uint*)status & FileAndChange) != FileAndChange)
                    return default;
                DateTime changed =
                    DateTime.UnixEpoch.AddSeconds(*(long*)(status + SecondsAt)).AddTicks(*(uint*)(status + NanosecondsAt) / 100);
                return new FileStamp(*(ulong*)(status + FileAt), changed, (DateTime.UtcNow - changed).Duration() > LongestStep);
            }
            catch (EntryPointNotFoundException)
            {
                return default;
            }
        }

        [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial int GetStatus(SafeFileHandle file, string path, int flags, uint wanted, byte* status);
    }
}
