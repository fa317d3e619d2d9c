namespace Blip.Hub;

/// <summary>
/// The models in the cache that Blip and the Python client share: lists, finds and removes them. Never uses the network. Thread-safe.
/// </summary>
public sealed class HubCache
{
    private static readonly EnumerationOptions Everything = new()
    {
        RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = true, MaxRecursionDepth = 8,
    };

    private static readonly EnumerationOptions NoLinks = new()
    {
        RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true,
    };

    private readonly HubSettings _settings;

    /// <summary>Opens a cache. Creates no folder.</summary>
    /// <param name="options">The folder, and the revision of ids that have none; null: the environment decides.</param>
    /// <exception cref="BlipException">
    /// The options or the environment have a value that is not valid (<see cref="BlipErrorCode.InvalidRequest"/>).
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public HubCache(HubOptions? options = null) => _settings = HubSettings.From(options);

    /// <summary>The full path of the cache folder. The folder may not exist yet.</summary>
    public string Folder => _settings.CacheFolder;

    /// <summary>The full path of a model's snapshot folder if the model can be used without a download; null otherwise.</summary>
    /// <param name="id"><c>org/name</c> or <c>name</c>, optionally with <c>@revision</c>.</param>
    /// <exception cref="BlipException">The id is not valid (<see cref="BlipErrorCode.InvalidRequest"/>).</exception>
    public string? Find(string id)
    {
        HubModelId model = HubModelId.Parse(id);
        return new HubRepository(_settings, model).FindUsable(_settings.RevisionOf(model));
    }

    /// <summary>The models in the cache, sorted by id.</summary>
    public IReadOnlyList<HubCachedModel> List() => !Directory.Exists(Folder) ? [] :
    [
        .. new DirectoryInfo(Folder).EnumerateDirectories(HubModelId.FolderPrefix + "*")
            .Select(folder => HubModelId.FromFolder(folder.Name)).OfType<HubModelId>()
            .Select(Describe).OrderBy(model => model.Id, StringComparer.Ordinal),
    ];

    /// <summary>
    /// Removes a model, or with <c>@revision</c> one revision: its links, and its files that no other revision uses. Changes nothing
    /// outside the model's folder in the cache.
    /// </summary>
    /// <param name="id"><c>org/name</c> or <c>name</c>, optionally with <c>@revision</c>.</param>
    /// <returns>What was removed.</returns>
    /// <exception cref="BlipModelException">The model is not in the cache (<see cref="BlipErrorCode.ModelNotFound"/>).</exception>
    /// <exception cref="BlipException">
    /// The id is not valid (<see cref="BlipErrorCode.InvalidRequest"/>); a process is downloading the model
    /// (<see cref="BlipErrorCode.Busy"/>); the model's folder is a link, or a file cannot be removed
    /// (<see cref="BlipErrorCode.RemoveFailed"/>).
    /// </exception>
    public HubRemoval Remove(string id)
    {
        HubModelId model = HubModelId.Parse(id);
        HubRepository repository = new(_settings, model);
        DirectoryInfo folder = new(repository.Folder);
        if (!folder.Exists)
            throw NotCached(model);
        if (folder.LinkTarget is not null || folder.EnumerateFileSystemInfos().Any(part => part.LinkTarget is not null))
        {
            throw new BlipException(BlipErrorCode.RemoveFailed,
                $"The folder of '{model.Repository}' in the cache is a link to another place, or contains one. Remove it by hand.");
        }
        List<HubFileLock> locks = [];
        try
        {
            TakeLocks(model, repository, locks);
            long before = SizeOf(folder);
            IReadOnlyList<string> commits = model.Revision is null
                ? RemoveAll(repository)
                : RemoveRevision(model, model.Revision, repository);
            return new HubRemoval(model.Repository, commits, before - SizeOf(folder));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BlipException(BlipErrorCode.RemoveFailed,
                $"'{model}' could not be removed completely: a file is in use or read-only. Close the program that uses it and try again.",
                e);
        }
        finally
        {
            locks.ForEach(held => held.Dispose());
        }
    }

    private HubCachedModel Describe(HubModelId model)
    {
        HubRepository repository = new(_settings, model);
        ILookup<string, string> references = ReferencesOf(repository).ToLookup(r => r.Commit, r => r.Name);
        return new HubCachedModel(model.Repository, SizeOf(new DirectoryInfo(repository.Folder)),
        [
            .. CommitsOf(repository).Select(commit =>
            {
                long[] sizes = [.. FilesOf(repository, commit).Select(file => HubFileSystem.LengthOf(file.FullName)).OfType<long>()];
                return new HubCachedRevision(commit, [.. references[commit].Order(StringComparer.Ordinal)], sizes.Length, sizes.Sum(),
                    repository.IsUsable(commit), repository.Snapshot(commit));
            }),
        ]);
    }

    private static void TakeLocks(HubModelId model, HubRepository repository, List<HubFileLock> locks)
    {
        if (!Directory.Exists(repository.Locks))
            return;
        foreach (string path in Directory.EnumerateFiles(repository.Locks, "*.lock"))
        {
            locks.Add(HubFileLock.TryTake(path) ?? throw new BlipException(BlipErrorCode.Busy,
                $"'{model.Repository}' is being downloaded. Wait until the download ends, or stop it."));
        }
    }

    private static List<string> RemoveAll(HubRepository repository)
    {
        List<string> commits = CommitsOf(repository);
        // References and snapshots are deleted first. So an interruption leaves unused files, but no model that seems complete.
        foreach (string part in (string[])[repository.Refs, repository.Snapshots, repository.Folder])
        {
            if (Directory.Exists(part))
                Directory.Delete(part, recursive: true);
        }
        return commits;
    }

    private static List<string> RemoveRevision(HubModelId model, string revision, HubRepository repository)
    {
        List<string> commits = CommitsOf(repository);
        if (repository.CommitOf(revision) is not { } commit || !commits.Contains(commit))
            throw NotCached(model);
        if (commits.Count == 1)
            return RemoveAll(repository);
        HashSet<string> shared = [.. commits.Where(other => other != commit).SelectMany(other => BlobsOf(repository, other))];
        List<string> unshared = [.. BlobsOf(repository, commit).Where(blob => !shared.Contains(blob))];
        foreach ((string _, string _, string path) in ReferencesOf(repository).Where(reference => reference.Commit == commit))
            File.Delete(path);
        Directory.Delete(repository.Snapshot(commit), recursive: true);
        foreach (string blob in unshared)
            File.Delete(Path.Combine(repository.Blobs, blob));
        string absent = Path.Combine(repository.Folder, ".no_exist", commit);
        if (Directory.Exists(absent))
            Directory.Delete(absent, recursive: true);
        string trees = Path.Combine(repository.Folder, "trees");   // the Python client's listing of the commit
        if (Directory.Exists(trees))
            File.Delete(Path.Combine(trees, commit + ".json"));
        return [commit];
    }

    private static List<string> CommitsOf(HubRepository repository) => !Directory.Exists(repository.Snapshots) ? [] :
    [
        .. new DirectoryInfo(repository.Snapshots).EnumerateDirectories().Where(folder => folder.LinkTarget is null)
            .Select(folder => folder.Name).Where(HubModelId.IsCommit).Order(StringComparer.Ordinal),
    ];

    private static IEnumerable<(string Name, string Commit, string Path)> ReferencesOf(HubRepository repository)
    {
        if (!Directory.Exists(repository.Refs))
            yield break;
        foreach (string path in Directory.EnumerateFiles(repository.Refs, "*", NoLinks))
        {
            string name = Path.GetRelativePath(repository.Refs, path).Replace(Path.DirectorySeparatorChar, '/');
            if (HubModelId.IsRevision(name) && repository.CommitOf(name) is { } commit)
                yield return (name, commit, path);
        }
    }

    private static IEnumerable<FileInfo> FilesOf(HubRepository repository, string commit) =>
        new DirectoryInfo(repository.Snapshot(commit)).EnumerateFiles("*", Everything);

    // Only links to the repository's own blobs count. A file that a link names elsewhere must not be deleted.
    private static IEnumerable<string> BlobsOf(HubRepository repository, string commit) =>
        from file in FilesOf(repository, commit)
        let target = file.LinkTarget is { } link ? Path.GetFullPath(link, file.DirectoryName ?? repository.Folder) : ""
        where Path.GetDirectoryName(target) == repository.Blobs && HubFile.IsHash(Path.GetFileName(target))
        select Path.GetFileName(target);

    private static long SizeOf(DirectoryInfo folder)
    {
        folder.Refresh();
        return folder.Exists ? folder.EnumerateFiles("*", NoLinks).Sum(file => file.Length) : 0;
    }

    private static BlipModelException NotCached(HubModelId model) =>
        HubErrors.NotFound($"'{model}' is not in the cache. `blip models` lists the models in the cache.");
}
