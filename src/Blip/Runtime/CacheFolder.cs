using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Blip.Checkpoints;
using Blip.Files;
using Blip.Hub;

namespace Blip.Runtime;

/// <summary>
/// The folder with what is kept between starts. A file in it is whole or not there: also after a power cut, and whoever else writes. A
/// writer that was killed leaves a file, which the next start removes.
/// </summary>
internal sealed class CacheFolder
{
    private const string Partial = ".partial";

    /// <summary>A text that is kept is one line. What is longer was written by another program.</summary>
    private const int MaxTextBytes = 4096;

    /// <summary>A file that was written and renamed here changed last within this time of its writing.</summary>
    private static readonly TimeSpan LongestRename = TimeSpan.FromSeconds(10);

    private readonly IDisk _disk;

    private CacheFolder(string path, IDisk disk) => (Path, _disk) = (path, disk);

    public string Path { get; }

    /// <summary>Opens the folder, and makes it where there is none.</summary>
    /// <param name="path">
    /// Where; <see langword="null"/> for <c>BLIP_CACHE</c>, else <c>blip</c> in the user's cache. <c>~</c> at its start is the home.
    /// </param>
    /// <param name="disk">The file system.</param>
    /// <returns><see langword="null"/> where the path is empty, so nothing may be kept.</returns>
    /// <exception cref="IOException">There can be no such folder.</exception>
    /// <exception cref="UnauthorizedAccessException">There can be no such folder.</exception>
    public static CacheFolder? Open(string? path, IDisk disk)
    {
        path = PathOrEmpty(path);
        if (path.Length == 0)
            return null;
        CacheFolder folder = new(System.IO.Path.GetFullPath(path), disk);
        Directory.CreateDirectory(folder.Path);
        foreach (string file in Directory.EnumerateFiles(folder.Path, "*" + Partial))
        {
            if (Guid.TryParseExact(System.IO.Path.GetFileNameWithoutExtension(file), "N", out _))
                disk.Sweep(file);
        }
        return folder;
    }

    /// <summary>Where the folder is, whether there is one or not; empty where nothing is to be kept.</summary>
    /// <param name="path">As <see cref="Open"/> takes it.</param>
    public static string PathOrEmpty(string? path) =>
        HomePath.Expand(path ?? Environment.GetEnvironmentVariable("BLIP_CACHE") ?? DefaultPath());

    /// <summary>Whether there is no folder only because the user has no home. An empty path says that nothing may be kept.</summary>
    /// <param name="path">As <see cref="Open"/> takes it.</param>
    public static bool IsHomeless(string? path) =>
        (path ?? Environment.GetEnvironmentVariable("BLIP_CACHE")) is null && DefaultPath().Length == 0;

    /// <summary>What is wrong with the folder, as a part of a sentence.</summary>
    public static string Describe(Exception exception) => exception switch
    {
        IOException io when HubFileSystem.IsDiskFull(io) => "its disk is full",
        _ => "it cannot be made or written",
    };

    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file; of what failed, nothing stays.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public void Write(string name, Action<Stream> write)
    {
        string partial = PathOf($"{Guid.NewGuid():N}{Partial}");
        try
        {
            using (Stream file = _disk.Create(partial))
            {
                write(file);
                _disk.Flush(file);
                _disk.Rename(partial, PathOf(name));
            }
            _disk.FlushNames(Path);
        }
        catch
        {
            _disk.Sweep(partial);
            throw;
        }
    }

    /// <summary>Writes a text with a checksum, where that is possible.</summary>
    public void WriteText(string name, string text)
    {
        try
        {
            Write(name, file => file.Write(Encoding.UTF8.GetBytes($"{text}\n{Checksum(name, text)}\n")));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next start finds it out again.
        }
    }

    /// <summary>A text as it was written, or <see langword="null"/> where there is none, a damaged one, or no ordinary file.</summary>
    public string? ReadText(string name)
    {
        try
        {
            return ModelFile.Read(Path, name, MaxTextBytes) is { } bytes
                && Encoding.UTF8.GetString(bytes).Split('\n') is [var text, var checksum, ""]
                && checksum == Checksum(name, text) ? text : null;
        }
        catch (BlipModelException)
        {
            // It cannot be read, or is not an ordinary file: a pipe would never end.
            return null;
        }
    }

    /// <summary>
    /// Whether a file came here with its times, out of an archive or as a layer of a container's image, instead of being written here.
    /// </summary>
    public bool HasMoved(string name)
    {
        try
        {
            using FileStream file = File.OpenRead(PathOf(name));
            FileStamp stamp = FileStamp.Of(file.SafeFileHandle);
            return stamp.IsKnown && stamp.Changed - File.GetLastWriteTimeUtc(file.SafeFileHandle) > LongestRename;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string Checksum(string name, string text) =>
        XxHash3.HashToUInt64(Encoding.UTF8.GetBytes($"{name}\n{text}")).ToString("x16", CultureInfo.InvariantCulture);

    private static string DefaultPath()
    {
        if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache)
            return System.IO.Path.Combine(cache, "blip");
        if (OperatingSystem.IsWindows())
            return System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "blip");
        return Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home
            ? System.IO.Path.Combine(home, ".cache", "blip") : "";
    }
}
