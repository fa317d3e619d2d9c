using Blip.Files;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blip.Hub;

/// <summary>
/// Brings models from the Hugging Face hub into the cache that the Python client uses, and finds them there: what either has
/// downloaded, the other need not. Thread-safe; meant to be kept, it holds the connections.
/// </summary>
/// <remarks>
/// Only the files that a checkpoint needs are fetched, and one form of weights: safetensors, else its shards, else
/// <c>pytorch_model.bin</c>, else its shards. Each file is checked against the hash that the hub states before it is shown, goes on
/// where an earlier run or the Python client was cut off, and is fetched once however many processes ask.
/// </remarks>
public sealed class HubClient : IDisposable
{
    private readonly HubSettings _settings;
    private readonly HubTransport _transport;
    private readonly ILogger _logger;

    /// <summary>Creates a client.</summary>
    /// <param name="options">Where from and where to; null: everything as the environment says.</param>
    /// <param name="logger">Told of retries, resumed files and a cache used because the hub did not answer; null: nobody.</param>
    /// <exception cref="BlipException">The endpoint, the token or the revision is malformed (<see cref="BlipErrorCode.InvalidRequest"/>).</exception>
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
    /// The folder with a model's files, downloaded as far as they are not in the cache. A full commit that is there needs no
    /// network; a branch or tag is asked for, and when the hub does not answer, the one in the cache is used.
    /// </summary>
    /// <param name="id"><c>org/name</c> or <c>name</c>, optionally with <c>@revision</c>.</param>
    /// <param name="progress">Told of the bytes as they arrive, from several threads; null: nobody.</param>
    /// <param name="cancellationToken">Stops the download; what has arrived is kept for the next call.</param>
    /// <returns>The full path of the snapshot folder. Its files may be links into the cache's <c>blobs</c>.</returns>
    /// <exception cref="BlipModelException">
    /// No such model or revision, no access, or not in the cache while offline (<see cref="BlipErrorCode.ModelNotFound"/>); a file
    /// that does not have the stated hash, twice (<see cref="BlipErrorCode.ModelInvalid"/>).
    /// </exception>
    /// <exception cref="BlipException">
    /// The id is malformed (<see cref="BlipErrorCode.InvalidRequest"/>); the hub cannot be reached or keeps failing, or the cache
    /// cannot be written or has no room (<see cref="BlipErrorCode.DownloadFailed"/>).
    /// </exception>
    public async Task<string> DownloadAsync(string id, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        HubModelId model = HubModelId.Parse(id);
        string revision = _settings.RevisionOf(model);
        HubRepository repository = new(_settings, model);
        try
        {
            string? cached = repository.FindUsable(revision);
            if (cached is not null && (_settings.Offline || HubModelId.IsCommit(revision)))
                return cached;
            if (_settings.Offline)
                throw HubErrors.Offline(_settings, model);
            HubFile config;
            try
            {
                // With a copy at hand one attempt is enough: starting soon is worth more than the newest revision.
                config = await AskForConfigAsync(model, revision, cached is null ? _settings.Options.Retries : 0, cancellationToken).ConfigureAwait(false);
            }
            catch (BlipException e) when (cached is not null)
            {
                _logger.CacheUsed(model, e.Message);
                return cached;
            }
            if (!repository.IsUsable(config.Commit))
                await FetchAsync(model, repository, config, _settings.DisableProgress ? null : progress, cancellationToken).ConfigureAwait(false);
            // Last, so that a reference never leads to less than it did before.
            repository.RememberRevision(revision, config.Commit);
            return repository.Snapshot(config.Commit);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw HubErrors.CannotWrite(_settings, e);
        }
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose() => _transport.Dispose();

    // The first question also settles which commit a branch means; all others are about that commit.
    private async Task<HubFile> AskForConfigAsync(HubModelId model, string revision, int retries, CancellationToken cancellationToken)
    {
        (HubFile? config, _) = await _transport.AskAsync(model, revision, HubCheckpointFiles.Config, retries, cancellationToken).ConfigureAwait(false);
        return config ?? throw HubErrors.NotAHub(_settings, "no config.json");
    }

    private async Task FetchAsync(HubModelId model, HubRepository repository, HubFile config, IProgress<HubProgress>? progress, CancellationToken cancellationToken)
    {
        string commit = config.Commit;
        repository.CreateFolders(commit);
        HubFile?[] answers = new HubFile?[HubCheckpointFiles.Small.Length];
        await InParallelAsync(Enumerable.Range(0, answers.Length), async (i, token) =>
        {
            string name = HubCheckpointFiles.Small[i];
            if (!repository.Has(commit, name))
                answers[i] = name == HubCheckpointFiles.Config ? config : await AskAsync(model, repository, commit, name, token).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
        List<HubFile> small = [.. answers.OfType<HubFile>()];
        if (!HubCheckpointFiles.HasTokenizer(name => repository.Has(commit, name) || small.Exists(file => file.Name == name)))
            throw HubErrors.NotFound($"'{model}' has neither tokenizer.json nor vocab.txt: it is not a checkpoint that Blip runs.");

        IReadOnlyList<HubFile> weights = await AskForWeightsAsync(model, repository, commit, cancellationToken).ConfigureAwait(false);
        List<HubFile> missing = [.. small, .. weights];
        CheckSpace(model, repository, missing);
        HubDownload download = Download(model, repository, new HubMeter(progress, _settings.Options.TimeProvider, missing));
        // The weights come last: a snapshot that has them is complete, whatever interrupts this.
        await InParallelAsync(small, download.FetchAsync, cancellationToken).ConfigureAwait(false);
        await InParallelAsync(weights, download.FetchAsync, cancellationToken).ConfigureAwait(false);
    }

    private async Task<HubFile?> AskAsync(HubModelId model, HubRepository repository, string commit, string name, CancellationToken cancellationToken)
    {
        if (repository.IsAbsent(commit, name))
            return null;
        (HubFile? file, bool sure) = await _transport.AskAsync(model, commit, name, _settings.Options.Retries, cancellationToken).ConfigureAwait(false);
        if (file is null && sure)
            repository.RememberAbsent(commit, name);
        return file;
    }

    private async Task<IReadOnlyList<HubFile>> AskForWeightsAsync(HubModelId model, HubRepository repository, string commit, CancellationToken cancellationToken)
    {
        foreach (string form in HubCheckpointFiles.Weights)
        {
            bool here = repository.Has(commit, form);
            HubFile? file = here ? null : await AskAsync(model, repository, commit, form, cancellationToken).ConfigureAwait(false);
            if (!here && file is null)
                continue;
            if (!ShardIndex.IsIndex(form))
                return file is null ? [] : [file];
            if (file is not null)
                await Download(model, repository, new HubMeter(progress: null, _settings.Options.TimeProvider, [])).FetchAsync(file, cancellationToken).ConfigureAwait(false);
            return await AskForShardsAsync(model, repository, commit, form, cancellationToken).ConfigureAwait(false);
        }
        throw HubErrors.NotFound($"'{model}' has no weights that Blip reads: model.safetensors or pytorch_model.bin, whole or in shards.");
    }

    private async Task<IReadOnlyList<HubFile>> AskForShardsAsync(HubModelId model, HubRepository repository, string commit, string index, CancellationToken cancellationToken)
    {
        string[] names = [.. HubCheckpointFiles.ReadShards(repository.Snapshot(commit), index).Where(name => !repository.Has(commit, name))];
        HubFile[] shards = new HubFile[names.Length];
        await InParallelAsync(Enumerable.Range(0, names.Length), async (i, token) =>
            shards[i] = await AskAsync(model, repository, commit, names[i], token).ConfigureAwait(false)
                ?? throw new BlipModelException($"'{model}' lacks {names[i]}, which {index} names. The repository is broken; tell its owner."), cancellationToken).ConfigureAwait(false);
        return shards;
    }

    private HubDownload Download(HubModelId model, HubRepository repository, HubMeter meter) => new(_settings, _transport, repository, model, meter, _logger);

    private void CheckSpace(HubModelId model, HubRepository repository, List<HubFile> files)
    {
        long needed = files.Where(file => !repository.HasBlob(file)).Sum(file => file.Size - Math.Min(file.Size, HubFileSystem.LengthOf(repository.Partial(file)) ?? 0));
        long free = _settings.Options.FreeSpace(repository.Blobs);
        if (needed > free)
            throw HubErrors.NoSpace(_settings, model, needed, free);
    }

    private Task InParallelAsync<T>(IEnumerable<T> items, Func<T, CancellationToken, Task> work, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        items,
        new ParallelOptions { MaxDegreeOfParallelism = _settings.Options.MaxParallelFiles, CancellationToken = cancellationToken },
        async (item, token) => await work(item, token).ConfigureAwait(false));
}
