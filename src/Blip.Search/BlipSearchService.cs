using System.Security.Cryptography;
using Blip.AI;
using Blip.AI.Searching;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Blip.Search;

/// <summary>
/// Searches the folders that an operator allowed. The first search starts the indexing; searches meanwhile find what is indexed so far.
/// Later searches update the indexes at most once a minute. Thread-safe.
/// </summary>
public sealed partial class BlipSearchService : IImageSearch, IAsyncDisposable, IDisposable
{
    /// <summary>The nearest images for the second step, as in the paper, which takes 128 and more on a GPU.</summary>
    private const int Rerank = 8;

    /// <summary>How long a search waits for the index to be up to date.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);

    private readonly BlipMatchService _matches;
    private readonly string[] _folders;
    private readonly ILogger<BlipSearchService>? _logger;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _opening = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private (string Folder, ImageIndex Index)[]? _indexes;
    private Task _updating = Task.CompletedTask;
    private long? _updated;

    /// <summary>Creates the service; nothing is indexed yet.</summary>
    /// <param name="matches">The model that matches images and texts.</param>
    /// <param name="options">Which folders.</param>
    /// <param name="time">The clock; the system's by default.</param>
    /// <param name="logger">Logs what goes wrong while a folder is indexed.</param>
    public BlipSearchService(
        BlipMatchService matches, IOptions<BlipSearchOptions> options, TimeProvider? time = null,
        ILogger<BlipSearchService>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(matches);
        ArgumentNullException.ThrowIfNull(options);
        (_matches, _folders, _time, _logger) = (matches, [.. options.Value.SearchFolders.Select(Path.GetFullPath).Distinct()],
            time ?? TimeProvider.System, logger);
    }

    /// <inheritdoc/>
    public bool IsConfigured => _folders.Length > 0 && _matches.IsConfigured;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<FoundImage>> SearchAsync(string query, int top, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (top is < 1 or > 100)
            throw new BlipException(BlipErrorCode.InvalidRequest, $"The number of images is {top}; it must be 1 to 100.");
        if (_folders.Length == 0)
        {
            throw new BlipException(
                ServiceErrorCode.ModelNotConfigured, "This service searches no folder. Its operator can set one (Blip:SearchFolders).");
        }
        BlipMatcher matcher = await _matches.GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        (string Folder, ImageIndex Index)[] indexes = await OpenAsync(matcher, cancellationToken).ConfigureAwait(false);
        try
        {
            await Update(matcher, indexes).WaitAsync(Patience, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // What is indexed so far is searched.
        }
        List<FoundImage> found = [];
        foreach ((string folder, ImageIndex index) in indexes)
        {
            found.AddRange(await index.SearchAsync(matcher, query, top, Rerank, folder, cancellationToken)
                .ConfigureAwait(false));
        }
        return [.. found.OrderByDescending(image => image.Match ?? -1).ThenByDescending(image => image.Score).Take(top)];
    }

    /// <inheritdoc/>
    public bool TryRead(string handle, out ReadOnlyMemory<byte> image)
    {
        foreach ((string folder, ImageIndex index) in Volatile.Read(ref _indexes) ?? [])
        {
            foreach (string name in index.PathsOf(handle))
            {
                try
                {
                    if (ImageIndex.FileIn(folder, name) is not { } path)
                        continue;
                    // Another file may have replaced it since it was indexed: the content decides.
                    byte[] bytes = File.ReadAllBytes(path);
                    if (handle == "sha256-" + Convert.ToHexStringLower(SHA256.HashData(bytes)))
                    {
                        image = bytes;
                        return true;
                    }
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    // It is gone.
                }
            }
        }
        image = default;
        return false;
    }

    /// <summary>Ends the indexing, and closes the indexes.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _updating.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach ((_, ImageIndex index) in Interlocked.Exchange(ref _indexes, null) ?? [])
            index.Dispose();
    }

    /// <summary>As <see cref="DisposeAsync"/>, for a container that is disposed without waiting: the thread waits instead.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private async Task<(string Folder, ImageIndex Index)[]> OpenAsync(BlipMatcher matcher, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _indexes) is { } open)
            return open;
        string digest = await matcher.GetDigestAsync(cancellationToken).ConfigureAwait(false);
        await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, this);
            if (_indexes is null)
                Volatile.Write(ref _indexes, OpenAll(digest));
            return _indexes;
        }
        finally
        {
            _opening.Release();
        }
    }

    private (string Folder, ImageIndex Index)[] OpenAll(string digest)
    {
        List<(string Folder, ImageIndex Index)> opened = [];
        string? file = null;
        try
        {
            foreach (string folder in _folders)
            {
                file = ImageIndex.FileOf(folder, digest);
                opened.Add((folder, ImageIndex.Open(file, digest)));
                // Reads all embeddings, so that damage is found now.
                _ = opened[^1].Index.Count;
            }
            return [.. opened];
        }
        catch (Exception exception) when (exception is BlipException or IOException or UnauthorizedAccessException)
        {
            foreach ((_, ImageIndex index) in opened)
                index.Dispose();
            // The files belong to the operator, and so does the mistake; no caller learns their names.
            if (_logger is not null)
                NotOpened(_logger, file, exception);
            throw new BlipException(
                BlipErrorCode.Internal, "The images here cannot be searched now. The service's operator finds the reason in the log.",
                exception);
        }
    }

    /// <summary>Updates the indexes if necessary; callers that come meanwhile get the same task.</summary>
    private Task Update(BlipMatcher matcher, (string Folder, ImageIndex Index)[] indexes)
    {
        lock (_stop)
        {
            if (_updating.IsCompleted && (_updated is not { } last || _time.GetElapsedTime(last) > Fresh))
                _updating = Task.Run(() => UpdateAsync(matcher, indexes), CancellationToken.None);
            return _updating;
        }
    }

    private async Task UpdateAsync(BlipMatcher matcher, (string Folder, ImageIndex Index)[] indexes)
    {
        bool isWhole = true;
        foreach ((string folder, ImageIndex index) in indexes)
        {
            try
            {
                await index.UpdateAsync(folder, matcher, cancellationToken: _stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // The service is disposed.
                return;
            }
#pragma warning disable CA1031 // What is indexed can be searched, and so can the other folders; the next search tries again.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                isWhole = false;
                if (_logger is not null)
                    NotIndexed(_logger, exception);
            }
        }
        if (isWhole)
            _updated = _time.GetTimestamp();
    }

    [LoggerMessage(500, LogLevel.Warning, "A folder of Blip:SearchFolders cannot be indexed.")]
    private static partial void NotIndexed(ILogger logger, Exception exception);

    [LoggerMessage(501, LogLevel.Error, "The index {File} of a folder of Blip:SearchFolders cannot be opened.")]
    private static partial void NotOpened(ILogger logger, string? file, Exception exception);
}
