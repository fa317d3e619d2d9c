using Blip.Files;

namespace Blip.Hub;

/// <summary>
/// One repository in the cache, laid out as the Python client lays it out: <c>refs/branch</c> holds a commit, <c>blobs/etag</c> the
/// content, <c>snapshots/commit/file</c> a relative link to it, <c>.no_exist/commit/file</c> remembers that there is no such file.
/// </summary>
internal sealed class HubRepository(HubSettings settings, HubModelId model)
{
    // The first line is what the convention for cache folders asks for: backup tools skip a folder that has it.
    private const string CacheTag = "Signature: 8a477f597d28d172789f06886806bc55\n# Model files that can be downloaded again, kept by Blip in the layout of huggingface_hub.\n";

    public string Folder { get; } = Path.Combine(settings.CacheFolder, model.Folder);

    public string Blobs => Path.Combine(Folder, "blobs");

    public string Snapshots => Path.Combine(Folder, "snapshots");

    public string Refs => Path.Combine(Folder, "refs");

    public string Locks { get; } = Path.Combine(settings.CacheFolder, ".locks", model.Folder);

    public string Snapshot(string commit) => Path.Combine(Snapshots, commit);

    public string Blob(HubFile file) => Path.Combine(Blobs, file.Etag);

    public string Partial(HubFile file) => Blob(file) + ".incomplete";

    public string Lock(HubFile file) => Path.Combine(Locks, file.Etag + ".lock");

    /// <summary>The commit that a revision means as far as the cache knows; null when it does not.</summary>
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

    /// <summary>The snapshot of a revision when it has all that an answer needs; null otherwise.</summary>
    public string? FindUsable(string revision) => CommitOf(revision) is { } commit && IsUsable(commit) ? Snapshot(commit) : null;

    public bool IsUsable(string commit) => HubCheckpointFiles.IsUsable(Snapshot(commit), name => IsAbsent(commit, name));

    public bool Has(string commit, string name) => HubFileSystem.LengthOf(Path.Combine(Snapshot(commit), name)) is not null;

    public bool IsAbsent(string commit, string name) => File.Exists(AbsencePath(commit, name));

    public void RememberAbsent(string commit, string name)
    {
        string path = AbsencePath(commit, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path) ?? path);
        // Several may remember it at once.
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
    /// Takes over what the Python client left of a file (<c>etag.random.incomplete</c>) when it is more than what there is. Only the
    /// owner of the file's lock may: its writer is gone then.
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
    /// Shows a file whose blob is complete. Where links cannot be made a new blob moves into the snapshot and an older one, which
    /// other snapshots may share, is copied. The caller owns the file's lock.
    /// </summary>
    /// <returns>False when links cannot be made here.</returns>
    public bool Publish(HubFile file, bool isNew)
    {
        string path = Path.Combine(Snapshot(file.Commit), file.Name);
        try
        {
            File.Delete(path);   // a link that leads nowhere, or the caller would not be here
            settings.Options.CreateLink(path, Path.Combine("..", "..", "blobs", file.Etag));
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (Has(file.Commit, file.Name))   // the Python client was faster: where locks do not work it shows the same file
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

    private string RefPath(string revision) => Path.Combine([Refs, .. revision.Split('/')]);

    private string AbsencePath(string commit, string name) => Path.Combine(Folder, ".no_exist", commit, name);
}
