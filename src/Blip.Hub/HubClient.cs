using Blip.Files;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blip.Hub;

/// <summary>
/// Downloads models from the Hugging Face hub into the cache of the Python client. Each client finds the models that the other has
/// downloaded. Thread-safe. Create one client and keep it: it keeps the connections open.
/// </summary>
/// <remarks>
/// Only the files that a checkpoint needs are downloaded, and one form of weights: safetensors, else its shards, else
/// <c>pytorch_model.bin</c>, else its shards. A file appears in the snapshot only when it has the hash that the hub states. A download
/// continues where an earlier one, or the Python client, was interrupted. Each file is downloaded once, even when many processes need
/// it at the same time.
/// </remarks>
public sealed class HubClient : IDisposable
{
    private readonly HubSettings _settings;
    private readonly HubTransport _transport;
    private readonly ILogger _logger;

    /// <summary>Creates a client.</summary>
    /// <param name="options">Where models come from and where they are kept; null: the environment decides.</param>
    /// <param name="logger">
    /// Logs retries, continued downloads, and that the cache is used because the hub does not answer; null: no log.
    /// </param>
    /// <exception cref="BlipException">
    /// The endpoint, the token or the revision is not valid (<see cref="BlipErrorCode.InvalidRequest"/>).
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public HubClient(HubOptions? options = null, ILogger? logger = null)
        : this(options, logger, handler: null)
    {
    }

    internal HubClient(HubOptions? options, ILogger? logger, HttpMessageHandler? handler)
    {
        _settings = HubSettings.From(options);
        _logger = logger ?? NullLogger.Instance;
        _transport = new HubTransport(_settings, _logger, handler);
    }

    /// <summary>
    /// Returns the folder with a model's files, and downloads the files that are not in the cache. A full commit that is in the cache
    /// needs no network. For a branch or a tag the client asks the hub; when the hub does not answer, the revision in the cache is
    /// used.
    /// </summary>
    /// <param name="id">As <see cref="HubModelId.Parse"/> reads it: <c>org/name</c>, optionally with <c>@revision</c>.</param>
    /// <param name="progress">Gets reports while the bytes arrive, from more than one thread; null: no reports.</param>
    /// <param name="cancellationToken">Stops the download. The part that has arrived is kept for the next call.</param>
    /// <returns>The full path of the snapshot folder. Its files may be links into the cache's <c>blobs</c>.</returns>
    /// <exception cref="BlipModelException">
    /// There is no such model or revision, the token gives no access, or the client is offline and the cache does not have the model
    /// (<see cref="BlipErrorCode.ModelNotFound"/>); a file arrived twice with a wrong hash (<see cref="BlipErrorCode.ModelInvalid"/>).
    /// </exception>
    /// <exception cref="BlipException">
    /// The id is not valid (<see cref="BlipErrorCode.InvalidRequest"/>); the hub cannot be reached or keeps failing, or the cache
    /// cannot be written or has no room (<see cref="BlipErrorCode.DownloadFailed"/>).
    /// </exception>
    public Task<string> DownloadAsync(
        string id, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default) =>
        CompleteAsync(id, isDamaged: false, progress, cancellationToken);

    /// <summary>
    /// Compares every file of a model in the cache with the hash that the hub stated, and downloads those again that are damaged, or
    /// missing. A file that is not a link (where the system makes none) is taken as it is.
    /// </summary>
    /// <param name="id">As for <see cref="DownloadAsync"/>.</param>
    /// <param name="progress">As for <see cref="DownloadAsync"/>.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The snapshot folder, and the names of the files that were damaged.</returns>
    /// <exception cref="BlipModelException">
    /// As for <see cref="DownloadAsync"/>; or a file is damaged and the client is offline (<see cref="BlipErrorCode.ModelInvalid"/>).
    /// </exception>
    /// <exception cref="BlipException">As for <see cref="DownloadAsync"/>.</exception>
    internal async Task<HubRepair> RepairAsync(
        string id, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        HubModelId model = HubModelId.Parse(id);
        HubRepository repository = new(_settings, model);
        try
        {
            List<string> damaged = [];
            string? commit = repository.CommitOf(_settings.RevisionOf(model));
            // Before the download, which may read a damaged index of shards; and again where it came to another commit with old blobs.
            if (commit is not null)
                damaged.AddRange(await DiscardDamagedAsync(model, repository, commit, cancellationToken).ConfigureAwait(false));
            string folder = await CompleteAsync(id, damaged.Count > 0, progress, cancellationToken).ConfigureAwait(false);
            if (Path.GetFileName(folder) is var arrived && arrived != commit
                && await DiscardDamagedAsync(model, repository, arrived, cancellationToken).ConfigureAwait(false) is { Count: > 0 } more)
            {
                damaged.AddRange(more);
                folder = await CompleteAsync(id, isDamaged: true, progress, cancellationToken).ConfigureAwait(false);
            }
            return new HubRepair(folder, damaged);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw HubErrors.CannotWrite(_settings, e);
        }
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose() => _transport.Dispose();

    // A damaged snapshot lacks files without which it would be usable.
    private async Task<string> CompleteAsync(
        string id, bool isDamaged, IProgress<HubProgress>? progress, CancellationToken cancellationToken)
    {
        HubModelId model = HubModelId.Parse(id);
        string revision = _settings.RevisionOf(model);
        HubRepository repository = new(_settings, model);
        try
        {
            string? cached = isDamaged ? null : repository.FindUsable(revision);
            if (cached is not null && (_settings.Offline || HubModelId.IsCommit(revision)))
                return cached;
            if (_settings.Offline)
                throw HubErrors.Offline(_settings, model);
            HubFile config;
            try
            {
                // With a copy in the cache one attempt is enough: a fast start is more important than the newest revision.
                int retries = cached is null ? _settings.Options.Retries : 0;
                config = await AskForConfigAsync(model, revision, retries, cancellationToken).ConfigureAwait(false);
            }
            catch (BlipException e) when (cached is not null)
            {
                _logger.CacheUsed(model, e.Message);
                return cached;
            }
            if (isDamaged || !repository.IsUsable(config.Commit))
            {
                IProgress<HubProgress>? reports = _settings.DisableProgress ? null : progress;
                await FetchAsync(model, repository, config, reports, cancellationToken).ConfigureAwait(false);
            }
            // The reference is written last, so it never points to a snapshot that is not complete.
            repository.RememberRevision(revision, config.Commit);
            return repository.Snapshot(config.Commit);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw HubErrors.CannotWrite(_settings, e);
        }
    }

    // The first request also finds the commit of a branch. All other requests name that commit.
    private async Task<HubFile> AskForConfigAsync(HubModelId model, string revision, int retries, CancellationToken cancellationToken)
    {
        foreach (string name in (string[])[HubCheckpointFiles.Config, HubCheckpointFiles.AdapterConfig])
        {
            (HubFile? config, _) = await _transport.AskAsync(model, revision, name, retries, cancellationToken).ConfigureAwait(false);
            if (config is not null)
                return config;
        }
        throw HubErrors.NoEntry(_settings, model, HubCheckpointFiles.Config);
    }

    private async Task FetchAsync(
        HubModelId model, HubRepository repository, HubFile config, IProgress<HubProgress>? progress, CancellationToken cancellationToken)
    {
        string commit = config.Commit;
        repository.CreateFolders(commit);
        bool isAdapter = config.Name == HubCheckpointFiles.AdapterConfig;
        string[] names = isAdapter ? [config.Name] : HubCheckpointFiles.Small;
        HubFile?[] answers = new HubFile?[names.Length];
        await InParallelAsync(Enumerable.Range(0, answers.Length), async (i, token) =>
        {
            string name = names[i];
            if (!repository.Has(commit, name))
            {
                answers[i] = name == config.Name
                    ? config
                    : await AskAsync(model, repository, commit, name, token).ConfigureAwait(false);
            }
        }, cancellationToken).ConfigureAwait(false);
        List<HubFile> small = [.. answers.OfType<HubFile>()];
        if (!isAdapter && !HubCheckpointFiles.HasTokenizer(name => repository.Has(commit, name) || small.Exists(file => file.Name == name)))
            throw HubErrors.NotFound($"'{model}' has neither tokenizer.json nor vocab.txt. It is not a checkpoint that Blip can run.");

        string[] forms = isAdapter ? HubCheckpointFiles.AdapterWeights : HubCheckpointFiles.Weights;
        IReadOnlyList<HubFile> weights =
            await AskForWeightsAsync(model, repository, commit, forms, cancellationToken).ConfigureAwait(false);
        List<HubFile> missing = [.. small, .. weights];
        CheckSpace(model, repository, missing);
        HubDownload download = Download(model, repository, new HubMeter(progress, _settings.Options.TimeProvider, missing));
        // The weights are downloaded last. So a snapshot that has weights is complete, even after an interruption.
        await InParallelAsync(small, download.FetchAsync, cancellationToken).ConfigureAwait(false);
        await InParallelAsync(weights, download.FetchAsync, cancellationToken).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<string>> DiscardDamagedAsync(
        HubModelId model, HubRepository repository, string commit, CancellationToken cancellationToken)
    {
        IReadOnlyList<HubFile> damaged = await repository.FindDamagedAsync(commit, cancellationToken).ConfigureAwait(false);
        if (damaged.Count > 0 && _settings.Offline)
            throw HubErrors.DamagedOffline(model, damaged[0]);
        foreach (HubFile file in damaged)
        {
            _logger.Damaged(file.Name, model);
            await repository.DiscardAsync(file, cancellationToken).ConfigureAwait(false);
        }
        return [.. damaged.Select(file => file.Name)];
    }

    private async Task<HubFile?> AskAsync(
        HubModelId model, HubRepository repository, string commit, string name, CancellationToken cancellationToken)
    {
        if (repository.IsAbsent(commit, name))
            return null;
        (HubFile? file, bool sure) = await _transport.AskAsync(model, commit, name, _settings.Options.Retries, cancellationToken)
            .ConfigureAwait(false);
        if (file is null && sure)
            repository.RememberAbsent(commit, name);
        return file;
    }

    private async Task<IReadOnlyList<HubFile>> AskForWeightsAsync(
        HubModelId model, HubRepository repository, string commit, string[] forms, CancellationToken cancellationToken)
    {
        foreach (string form in forms)
        {
            bool isCached = repository.Has(commit, form);
            HubFile? file = isCached ? null : await AskAsync(model, repository, commit, form, cancellationToken).ConfigureAwait(false);
            if (!isCached && file is null)
                continue;
            if (!ShardIndex.IsIndex(form))
                return file is null ? [] : [file];
            if (file is not null)
            {
                HubMeter noReports = new(progress: null, _settings.Options.TimeProvider, []);
                await Download(model, repository, noReports).FetchAsync(file, cancellationToken).ConfigureAwait(false);
            }
            return await AskForShardsAsync(model, repository, commit, form, cancellationToken).ConfigureAwait(false);
        }
        throw HubErrors.NotFound(forms == HubCheckpointFiles.Weights
            ? $"'{model}' has no weights that Blip reads: model.safetensors or pytorch_model.bin, or shards of one."
            : $"'{model}' is an adapter without weights that Blip reads: {string.Join(" or ", forms)}.");
    }

    private async Task<IReadOnlyList<HubFile>> AskForShardsAsync(
        HubModelId model, HubRepository repository, string commit, string index, CancellationToken cancellationToken)
    {
        IReadOnlyCollection<string> all = HubCheckpointFiles.ReadShards(repository.Snapshot(commit), index);
        string[] names = [.. all.Where(name => !repository.Has(commit, name))];
        HubFile[] shards = new HubFile[names.Length];
        await InParallelAsync(Enumerable.Range(0, names.Length), async (i, token) =>
        {
            shards[i] = await AskAsync(model, repository, commit, names[i], token).ConfigureAwait(false)
                ?? throw new BlipModelException(
                    $"'{model}' does not have {names[i]}, which {index} names. The repository is broken. Report it to its owner.");
        }, cancellationToken).ConfigureAwait(false);
        return shards;
    }

    private HubDownload Download(HubModelId model, HubRepository repository, HubMeter meter) =>
        new(_settings, _transport, repository, model, meter, _logger);

    private void CheckSpace(HubModelId model, HubRepository repository, List<HubFile> files)
    {
        long needed = files.Where(file => !repository.HasBlob(file))
            .Sum(file => file.Size - Math.Min(file.Size, HubFileSystem.LengthOf(repository.Partial(file)) ?? 0));
        long free = _settings.Options.FreeSpace(repository.Blobs);
        if (needed > free)
            throw HubErrors.NoSpace(_settings, model, needed, free);
    }

    private Task InParallelAsync<T>(IEnumerable<T> items, Func<T, CancellationToken, Task> work, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            items,
            new ParallelOptions { MaxDegreeOfParallelism = _settings.Options.MaxParallelFiles, CancellationToken = cancellationToken },
            async (item, token) => await work(item, token).ConfigureAwait(false));
}
