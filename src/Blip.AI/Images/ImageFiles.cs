using Microsoft.Win32.SafeHandles;

namespace Blip.AI.Images;

/// <summary>Reads images from files under allowed folders. Thread-safe.</summary>
internal sealed class ImageFiles(ImageSourceOptions options)
{
    private const int MaxLinks = 40;

    private static readonly string[] SystemFolders = OperatingSystem.IsWindows() ? [] : ["/dev/", "/proc/", "/sys/"];
    private static readonly StringComparison PathComparison =
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;

    private readonly bool _any = options.AllowedFolders.Contains(ImageSourceOptions.Any);
    private readonly string[] _folders =
        [.. options.AllowedFolders.Where(folder => folder != ImageSourceOptions.Any).Select(Path.GetFullPath)];
    private readonly int _maxBytes = options.MaxBytes;

    /// <summary>Reads the file of a path or a <c>file:</c> address; a relative path is looked for in each allowed folder in turn.</summary>
    public async Task<ResolvedImage> ReadAsync(string text, IReadOnlyList<string> moreFolders, CancellationToken cancellationToken)
    {
        // Opening can hang (a pipe, a lost network): the caller waits no longer than its time limit.
        Task<ResolvedImage> reading = Task.Run(() => Read(text, moreFolders, cancellationToken), cancellationToken);
        return await reading.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The file that a text names, without links; null where there is none that may be read.</summary>
    public string? Resolve(string text, IReadOnlyList<string> moreFolders)
    {
        try
        {
            return Find(text, moreFolders)?.Real;
        }
        catch (Exception e) when (e is BlipException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Lists the image files of all folders, each by a name under which it is read.</summary>
    /// <param name="moreFolders">Folders beside those of the options.</param>
    /// <param name="most">The most files.</param>
    public ImageFileList List(IReadOnlyList<string> moreFolders, int most)
    {
        return ImageFileList.Of(Folders(moreFolders).Distinct(), most, NameOf);

        (string Name, FileInfo File)? NameOf(string path, string folder)
        {
            if (path.AsSpan().ContainsAnyInRange('\0', '\x1f') || Resolve(path, moreFolders) is not { } real)
                return null;
            string name = AsPath(Path.GetRelativePath(folder, path));
            // Another folder may have a file of the same name.
            return (Resolve(name, moreFolders) == real ? name : path, new FileInfo(real));
        }
    }

    /// <summary>A file's name such that it is taken for nothing else, as <c>image-1.jpg</c> is for a handle.</summary>
    private static string AsPath(string name) => ImageSource.IsPlainPath(name) ? name : "." + Path.DirectorySeparatorChar + name;

    private ResolvedImage Read(string text, IReadOnlyList<string> moreFolders, CancellationToken cancellationToken)
    {
        try
        {
            if (Find(text, moreFolders) is { } found)
                return new ResolvedImage(Read(found.Real, found.RealFolders, cancellationToken), AsPath(Path.GetFileName(found.Path)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Reported as missing: the cause would name the full path.
        }
        throw NotFound();
    }

    /// <summary>Finds the file that a text names; null where there is none.</summary>
    private Found? Find(string text, IReadOnlyList<string> moreFolders)
    {
        // Where no file may be read, no name of one is the right one.
        string[] folders = Folders(moreFolders);
        if (!_any && folders.Length == 0)
            throw NoFolder();
        string path = (IsUri(text) ? FileReference.FromUri(text) : text) ?? throw NotAllowed();
        bool mayBeDevice = !_any || OperatingSystem.IsWindows();
        if (!_any && FileReference.IsUnc(path))
            throw NotAllowed();
        if (mayBeDevice && FileReference.HasDeviceName(path))
            throw NameNotAllowed();

        string[] realFolders = [.. folders.Select(ResolveLinks).OfType<string>()];
        foreach (string candidate in Candidates(path, folders, realFolders))
        {
            // Checked before the file is looked for, so that no answer tells what lies outside the folders.
            string? real = ResolveLinks(candidate);
            if (real is null || !IsAllowed(real, realFolders))
                throw NotAllowed();
            if (File.Exists(real))
                return new Found(path, real, realFolders);
        }
        return null;
    }

    private string[] Folders(IReadOnlyList<string> moreFolders) => [.. _folders, .. moreFolders.Select(ToFolder).OfType<string>()];

    private static bool IsUri(string text) => text.StartsWith("file:", StringComparison.OrdinalIgnoreCase);

    private static string? ToFolder(string folder)
    {
        string? path = IsUri(folder) ? FileReference.FromUri(folder) : folder;
        return path is not null && Path.IsPathFullyQualified(path) && !FileReference.IsUnc(path) ? Path.GetFullPath(path) : null;
    }

    private List<string> Candidates(string path, string[] folders, string[] realFolders)
    {
        List<string> candidates = [];
        if (_any || Path.IsPathRooted(path))
        {
            string full = Path.GetFullPath(path);
            if (_any || IsUnder(full, folders) || IsUnder(full, realFolders))
                candidates.Add(full);
        }
        else
        {
            foreach (string folder in folders)
            {
                string full = Path.GetFullPath(path, folder);
                if (IsUnder(full, [folder]))
                    candidates.Add(full);
            }
        }
        return candidates.Count > 0 ? candidates : throw NotAllowed();
    }

    /// <summary>The path without links; it need not exist. Null where the links form a loop.</summary>
    private static string? ResolveLinks(string full)
    {
        string current = Path.GetPathRoot(full)!;
        Stack<string> rest = [];
        Push(full[current.Length..]);
        for (int links = 0; rest.TryPop(out string? part);)
        {
            if (part is "" or ".")
                continue;
            if (part == "..")
            {
                current = Path.GetDirectoryName(current) ?? current;
                continue;
            }

            string next = Path.Combine(current, part);
            if (new FileInfo(next).LinkTarget is not string target)
            {
                current = next;
                continue;
            }

            if (++links > MaxLinks)
                return null;
            if (Path.IsPathFullyQualified(target))
            {
                current = Path.GetPathRoot(target)!;
                target = target[current.Length..];
            }
            Push(target);
        }
        return current;

        void Push(string path)
        {
            string[] parts = path.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar]);
            for (int i = parts.Length - 1; i >= 0; i--)
                rest.Push(parts[i]);
        }
    }

    private bool IsAllowed(string real, string[] realFolders) =>
        !IsUnder(real, SystemFolders) && (_any || (!FileReference.IsUnc(real) && IsUnder(real, realFolders)));

    private static bool IsUnder(string path, string[] folders) =>
        Array.Exists(folders, folder => path.StartsWith(WithSeparator(folder), PathComparison));

    private static string WithSeparator(string folder) =>
        Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar;

    private byte[] Read(string real, string[] realFolders, CancellationToken cancellationToken)
    {
        // Pipes, sockets and devices have the length 0, as empty files have: they are not even opened.
        if (new FileInfo(real).Length == 0)
            throw NoImage();

        using SafeFileHandle file = File.OpenHandle(real, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (!IsAllowed(OpenedPath(file, real) ?? "", realFolders))
            throw NotAllowed();

        long length = RandomAccess.GetLength(file);
        if (length == 0)
            throw NoImage();
        if (length > _maxBytes)
            throw ImageSource.TooLarge(_maxBytes);

        byte[] bytes = new byte[length];
        int count = 0;
        while (count < bytes.Length && RandomAccess.Read(file, bytes.AsSpan(count), count) is > 0 and int read)
        {
            count += read;
            cancellationToken.ThrowIfCancellationRequested();
        }
        return count == bytes.Length ? bytes : bytes[..count];
    }

    // A link may appear after the check, so the opened file is checked once more. Linux tells its path. Elsewhere the path is resolved
    // again, so someone who can swap links in an allowed folder twice at the right moments still gets through.
    private static string? OpenedPath(SafeFileHandle file, string real) =>
        (OperatingSystem.IsLinux() ? new FileInfo($"/proc/self/fd/{file.DangerousGetHandle()}").LinkTarget : null) ?? ResolveLinks(real);

    private static BlipException NotAllowed() => new(
        ImageSourceErrorCode.FileNotAllowed,
        "This file may not be read. Name an ordinary file in an allowed folder, or send the image itself.");

    private static BlipException NoFolder() => new(
        ImageSourceErrorCode.FileNotAllowed, "Files cannot be read here: no folder is allowed. Send the image itself.");

    private static BlipException NameNotAllowed() => new(
        ImageSourceErrorCode.FileNotAllowed,
        "A name in this path cannot be used: it has a colon, ends with a dot or a space, or is a device of Windows. Rename it.");

    private static BlipException NotFound() => new(
        BlipErrorCode.FileNotFound, "There is no such file, or it cannot be read. Check the path; a web address starts with https://.");

    private static BlipException NoImage() => new(
        BlipErrorCode.UnsupportedImage, "The file is empty, or is a pipe or a device. Name an image file.");

    /// <param name="Path">The path as it was written.</param>
    /// <param name="Real">The file, without links.</param>
    /// <param name="RealFolders">The folders that it may be in, without links.</param>
    private sealed record Found(string Path, string Real, string[] RealFolders);
}
