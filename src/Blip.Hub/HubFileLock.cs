using System.Runtime.InteropServices;

namespace Blip.Hub;

/// <summary>
/// A lock of the operating system on a file: flock on Unix, the share mode on Windows. The Python client takes the same lock. The
/// system releases it even when its owner is killed. Lock files are never deleted: after a deletion two owners could hold two
/// different files with one name.
/// </summary>
internal sealed class HubFileLock : IDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private readonly FileStream _stream;

    private HubFileLock(FileStream stream) => _stream = stream;

    /// <summary>Waits until the lock is free and takes it. Calls <paramref name="waiting"/> once if another owner has it.</summary>
    public static async Task<HubFileLock> WaitAsync(string path, TimeProvider time, Action waiting, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path) ?? path);
        for (bool first = true; ; first = false)
        {
            if (TryTake(path) is { } held)
                return held;
            if (first)
                waiting();
            await Task.Delay(PollInterval, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes the lock; null when another owner has it.</summary>
    public static HubFileLock? TryTake(string path)
    {
        try
        {
            return new HubFileLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0));
        }
        catch (IOException e) when (IsHeld(e))
        {
            return null;
        }
    }

    public void Dispose() => _stream.Dispose();

    private static bool IsHeld(IOException e) => OperatingSystem.IsWindows()
        ? e.HResult is unchecked((int)0x80070020) or unchecked((int)0x80070021)
        : e.HResult == (RuntimeInformation.IsOSPlatform(OSPlatform.Linux) ? 11 : 35);   // EWOULDBLOCK
}
