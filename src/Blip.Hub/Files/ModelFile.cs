namespace Blip.Files;

/// <summary>
/// The only way to open a file of a model. Only an ordinary file with content is opened: opening a pipe would wait for ever, and a device
/// has no end.
/// </summary>
internal static class ModelFile
{
    /// <summary>Whether there is anything by the name.</summary>
    public static bool Exists(string directory, string name) => Path.Exists(Path.Combine(directory, name));

    /// <summary>The file's real path, links followed, and its size in bytes.</summary>
    /// <param name="directory">The model's folder.</param>
    /// <param name="name">The file's name.</param>
    /// <param name="maxBytes">The largest size that is read.</param>
    /// <returns><see langword="null"/> when there is no such file.</returns>
    /// <exception cref="BlipModelException">It is not an ordinary file, is empty or too large, or cannot be read.</exception>
    public static (string Path, long Length)? Find(string directory, string name, long maxBytes = long.MaxValue)
    {
        try
        {
            string path = Path.Combine(directory, name);
            string real = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);
            if (!Path.Exists(real))
                return null;
            if (Directory.Exists(real))
                throw new BlipModelException($"{name} is a folder, not a file. Replace it with the file.");
            // Pipes, sockets and devices have no length.
            long length = new FileInfo(real).Length;
            if (length == 0)
                throw new BlipModelException($"{name} is empty, or a pipe, a socket or a device. Replace it with the file.");
            return length <= maxBytes
                ? (real, length)
                : throw new BlipModelException($"{name} has {length} bytes; at most {maxBytes} are read. Use another model.");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(name, exception);
        }
    }

    /// <summary>All bytes of a small file, or <see langword="null"/> when there is no such file.</summary>
    /// <exception cref="BlipModelException">As <see cref="Find"/>.</exception>
    public static byte[]? Read(string directory, string name, int maxBytes)
    {
        if (Find(directory, name, maxBytes) is not { } file)
            return null;
        try
        {
            byte[] bytes = new byte[file.Length];
            using FileStream stream = File.OpenRead(file.Path);
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(name, exception);
        }
    }

    /// <summary>The error for a file that is there and cannot be read.</summary>
    public static BlipModelException Unreadable(string name, Exception exception) =>
        BlipModelException.NotFound($"{name} cannot be read. Check its permissions and, if it is a link, where it leads.", exception);
}
