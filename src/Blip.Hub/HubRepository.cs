using Blip.Files;

namespace Blip.Hub;

/// <summary>
/// One repository in the cache, in the layout of the Python client. <c>refs/branch</c> holds a commit. <c>blobs/etag</c> holds the
/// content of a file. <c>snapshots/commit/file</c> is a relative link to a blob. <c>.no_exist/commit/file</c> is an empty file that
/// says that the repository has no such file.
/// </summary>
internal sealed class HubRepository(HubSettings settings, HubModelId model)
{
    // The first line follows the convention for cache folders. Backup tools skip a folder that has it.
    private const string CacheTag =
        "Signature: 8a477f597d28d172789f06886806bc55\n"
        + "# Model files that can be downloaded again, kept by Blip in the layout of huggingface_hub.\n";

    public string Folder { get; } = Path.Combine(settings.CacheFolder, model.Folder);

    public string Blobs => Path.Combine(Folder, "blobs");

    public string Snapshots => Path.Combine(Folder, "snapshots");

    public string Refs => Path.Combine(Folder, "refs");

    public string Locks { get; } = Path.Combine(settings.CacheFolder, ".locks", model.Folder);

    public string Snapshot(string commit) => Path.Combine(Snapshots, commit);

    public string Blob(HubFile file) => Path.Combine(Blobs, file.Etag);

    public string Partial(HubFile file) => Blob(file) + ".incomplete";

    public string Lock(HubFile file) => Path.Combine(Locks, file.Etag + ".lock");

    /// <summary>The commit of a revision as far as the cache knows; null when the cache does not know it.</summary>
    public string? CommitOf(string revision)
    {
        if (HubModelId.IsCommit(revision))
            return revision;
        string path = RefPath(revision);
        if (HubFileSystem.LengthOf(path) is not (>= 40 and < 256))
            return null;
        string commit = File.ReadAllText(path).Trim();
        return HubModelId.IsCommit(commit) ? commit : null;
    }

    /// <summary>The snapshot of a revision if it has all that an answer needs; null otherwise.</summary>
    public string? FindUsable(string revision) => CommitOf(revision) is { } commit && IsUsable(commit) ? Snapshot(commit) : null;

    public bool IsUsable(string commit) => HubCheckpointFiles.IsUsable(Snapshot(commit), name => IsAbsent(commit, name));

    public bool Has(string commit, string name) => HubFileSystem.LengthOf(Path.Combine(Snapshot(commit), name)) is not null;

    public bool IsAbsent(string commit, string name) => File.Exists(AbsencePath(commit, name));

    public void RememberAbsent(string commit, string name)
    {
        string path = AbsencePath(commit, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path) ?? path);
        // Other processes may create the same file at the same time.
        new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite).Dispose();
    }

    public void RememberRevision(string revision, string commit)
    {
        if (!HubModelId.IsCommit(revision) && CommitOf(revision) != commit)
            AtomicFile.Replace(RefPath(revision), commit);
    }

    public bool HasBlob(HubFile file) => HubFileSystem.LengthOf(Blob(file)) == file.Size;

    public void CreateFolders(string commit)
    {
        Directory.CreateDirectory(Blobs);
        Directory.CreateDirectory(Snapshot(commit));
        string tag = Path.Combine(settings.CacheFolder, "CACHEDIR.TAG");
        if (!File.Exists(tag))
            AtomicFile.Replace(tag, CacheTag);
    }

    /// <summary>
    /// Takes over the partial file of the Python client (<c>etag.random.incomplete</c>) if it is longer than the own one. The caller
    /// must hold the file's lock: then no other process writes to the partial file.
    /// </summary>
    public bool AdoptPartial(HubFile file)
    {
        FileInfo own = new(Partial(file));
        FileInfo? longest = new DirectoryInfo(Blobs).EnumerateFiles(file.Etag + ".*.incomplete")
            .Where(found => found.LinkTarget is null && found.Length <= file.Size).MaxBy(found => found.Length);
        if (longest is null || (own.Exists && own.Length >= longest.Length))
            return false;
        longest.MoveTo(own.FullName, overwrite: true);
        return true;
    }

    /// <summary>
    /// Puts a file into the snapshot when its blob is complete. Where links cannot be made, a new blob is moved into the snapshot. An
    /// older blob is copied, because other snapshots may share it. The caller holds the file's lock.
    /// </summary>
    /// <returns>False when links cannot be made here.</returns>
    public bool Publish(HubFile file, bool isNew)
    {
        string path = Path.Combine(Snapshot(file.Commit), file.Name);
        try
        {
            File.Delete(path);   // only a broken link can be here
            settings.Options.CreateLink(path, Path.Combine("..", "..", "blobs", file.Etag));
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Where locks do not work, the Python client may have put the same file there in the meantime.
            if (Has(file.Commit, file.Name))
                return true;
            if (isNew)
            {
                File.Move(Blob(file), path);
                return false;
            }
            string copy = Path.Combine(Blobs, $"{file.Etag}.{Guid.NewGuid():N}.incomplete");
            File.Copy(Blob(file), copy);
            File.Move(copy, path);
            return false;
        }
    }

    /// <summary>
    /// The files of a snapshot whose bytes do not have the hash that their blob is named by. A file that is not a link to a blob is of
    /// unknown hash, and not among them.
    /// </summary>
    public async Task<IReadOnlyList<HubFile>> FindDamagedAsync(string commit, CancellationToken cancellationToken)
    {
        List<HubFile> damaged = [];
        if (!Directory.Exists(Snapshot(commit)))
            return damaged;
        foreach (FileInfo link in new DirectoryInfo(Snapshot(commit)).EnumerateFiles().OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            if (Path.GetFileName(link.LinkTarget) is { } etag && HubFile.IsHash(etag) && HubFileSystem.LengthOf(link.FullName) is { } size
                && new HubFile(link.Name, commit, etag, size) is var file
                && !await HubHash.MatchesAsync(Blob(file), file, cancellationToken).ConfigureAwait(false))
                damaged.Add(file);
        }
        return damaged;
    }

    /// <summary>Takes a file's blob away, so that the next download brings it.</summary>
    public async Task DiscardAsync(HubFile file, CancellationToken cancellationToken)
    {
        using HubFileLock held = await HubFileLock.WaitAsync(
            Lock(file), settings.Options.TimeProvider, () => { }, cancellationToken).ConfigureAwait(false);
        File.Delete(Blob(file));
    }

    private string RefPath(string revision) => Path.Combine([Refs, .. revision.Split('/')]);

    private string AbsencePath(string commit, string name) => Path.Combine(Folder, ".no_exist", commit, name);
}
