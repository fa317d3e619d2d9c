namespace Blip.Hub;

/// <summary>File operations that differ between operating systems.</summary>
internal static class HubFileSystem
{
    // errno 28 on Linux and macOS; ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL on Windows.
    public static bool IsDiskFull(IOException e) => e.HResult is 28 or unchecked((int)0x80070070) or unchecked((int)0x80070027);

    public static long FreeSpace(string folder)
    {
        try
        {
            return new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(folder) ?? folder : folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return long.MaxValue;   // unknown, as on a network share; if the disk is full, the write fails
        }
    }

    public static void CreateLink(string path, string target) => File.CreateSymbolicLink(path, target);

    /// <summary>The length in bytes of the file at a path. Links are followed. Null when there is no file, or a broken link.</summary>
    public static long? LengthOf(string path)
    {
        try
        {
            FileInfo file = new(path);
            FileSystemInfo? target = file.Exists && file.LinkTarget is not null ? file.ResolveLinkTarget(returnFinalTarget: true) : file;
            return target is FileInfo { Exists: true } found ? found.Length : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
