using System.Runtime.InteropServices;

namespace Blip.Runtime;

/// <summary>The real file system.</summary>
internal sealed partial class SystemDisk : IDisk
{
    private const int Attempts = 5;

    public static SystemDisk Instance { get; } = new();

    // Any share but none is a shared lock on Unix, which ends with the process. This one also lets Windows rename an open file.
    public Stream Create(string path)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                FileStream file = new(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Delete, 1 << 20);
                if (File.Exists(path))
                    return file;
                file.Dispose();
            }
            catch (IOException) when (attempt < Attempts)
            {
                // As below: a sweep came between making the file and locking it.
            }
            if (attempt == Attempts)
                throw new IOException("A new file is removed at once.");
        }
    }

    public void Flush(Stream file) => ((FileStream)file).Flush(flushToDisk: true);

    public void Rename(string path, string target) => File.Move(path, target, overwrite: true);

    public void FlushNames(string folder)
    {
        // Windows writes names in order by itself.
        if (OperatingSystem.IsWindows())
            return;
        int handle = Open(folder, 0);
        if (handle < 0)
            return;
        _ = Synchronize(handle);
        _ = Close(handle);
    }

    public void Sweep(string path)
    {
        try
        {
            new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose).Dispose();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Its writer is at work, or it is another user's.
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Synchronize(int handle);

    [LibraryImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int handle);
}
