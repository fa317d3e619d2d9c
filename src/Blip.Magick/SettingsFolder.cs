using System.Runtime.Versioning;

namespace Blip.Magick;

/// <summary>
/// Protects ImageMagick from settings of other users. Its native builds for Linux and macOS read settings under <c>/tmp/ImageMagick</c>,
/// a folder that any user of the machine can make: a <c>log.xml</c> there makes every process write files where its author wants. The
/// settings are read once a process, so the folder is held, empty, while that happens.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal static class SettingsFolder
{
    private const string Name = "ImageMagick";

    // A process that finds the folder waits so long for another one that holds it. That takes less than a second.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <param name="parent">The folder with the folder of settings: <c>/tmp</c>.</param>
    /// <param name="read">Makes ImageMagick read its settings.</param>
    /// <exception cref="BlipException">The folder belongs to another user (<see cref="BlipErrorCode.Internal"/>).</exception>
    public static void Hold(string parent, Action read)
    {
        string folder = Path.Combine(parent, Name);
        if (Make(parent) is not { } own)
        {
            // If this user cannot create anything here, others cannot either.
            if (Path.Exists(folder))
                throw Foreign(folder);
            read();
            return;
        }
        Take(own, folder);
        try
        {
            read();
        }
        finally
        {
            Remove(folder);
        }
    }

    /// <summary>A folder with a name that nobody knows, only for this user. It is not empty, so no other folder can replace it.</summary>
    private static string? Make(string parent)
    {
        string own = Path.Combine(parent, $"blip-{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(own, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            File.WriteAllBytes(Path.Combine(own, "blip"), []);
            return own;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void Take(string own, string folder)
    {
        DateTime end = DateTime.UtcNow + Patience;
        while (!TryMove(own, folder))
        {
            if (DateTime.UtcNow < end)
                Thread.Sleep(20);
            // A folder of this user was left by a killed process. In a folder like /tmp another user's cannot be moved.
            else if (!TryMove(folder, $"{own}-left"))
            {
                Remove(own);
                throw Foreign(folder);
            }
        }
    }

    // A folder takes its place in one step, and not that of a folder that is there.
    private static bool TryMove(string from, string to)
    {
        try
        {
            Directory.Move(from, to);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void Remove(string folder)
    {
        try
        {
            File.Delete(Path.Combine(folder, "blip"));
            Directory.Delete(folder);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The next process moves it away.
        }
    }

    private static BlipException Foreign(string folder) => new(
        BlipErrorCode.Internal,
        $"ImageMagick reads settings from {folder}, which belongs to another user of this machine. Remove that folder.");
}
