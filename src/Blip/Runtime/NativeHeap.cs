using System.Runtime.InteropServices;

namespace Blip.Runtime;

/// <summary>The C library's heap, from which native memory comes.</summary>
internal static partial class NativeHeap
{
    /// <summary>
    /// Gives what was freed back to the system. glibc keeps freed blocks of up to 32 MB for itself, which can be all converted weights of a
    /// model. Does nothing with other C libraries.
    /// </summary>
    public static void Trim()
    {
        if (!OperatingSystem.IsLinux())
            return;
        try
        {
            _ = TrimHeap(0);
        }
        catch (EntryPointNotFoundException)
        {
            // musl, for one, gives freed blocks back by itself.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int TrimHeap(nuint keep);
}
