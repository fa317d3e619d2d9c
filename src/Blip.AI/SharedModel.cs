namespace Blip.AI;

/// <summary>
/// A model that is loaded once, when it is first needed, and shared by all callers. After a failed load the next caller loads again.
/// Thread-safe.
/// </summary>
/// <param name="owner">Whose model it is: it is disposed with the model.</param>
/// <param name="load">Loads the model; reports its progress, and stops when the owner is disposed.</param>
internal sealed class SharedModel<TModel>(Type owner, Func<IProgress<LoadProgress>, CancellationToken, Task<TModel>> load)
    : IAsyncDisposable
    where TModel : class, IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly List<IProgress<LoadProgress>> _watchers = [];
    private readonly CancellationTokenSource _stop = new();
    private Task<TModel>? _model;
    private Task? _disposal;

    /// <summary>The model; <see langword="null"/> until it is loaded.</summary>
    public TModel? Loaded => _model is { IsCompletedSuccessfully: true } loaded ? loaded.Result : null;

    /// <summary>The model; loads it if necessary. A caller that cancels does not stop the load that others wait for.</summary>
    /// <param name="progress">Gets the stage of the load while this caller waits; once it throws, it gets no more.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="BlipException">The model cannot be loaded.</exception>
    /// <exception cref="ObjectDisposedException">The owner is disposed, or was while this caller waited.</exception>
    public async Task<TModel> GetAsync(IProgress<LoadProgress>? progress, CancellationToken cancellationToken)
    {
        Task<TModel> loading;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposal is not null, owner);
            if (_model is null || _model.IsFaulted || _model.IsCanceled)
                _model = load(new Relay(this), _stop.Token);
            loading = _model;
            if (progress is not null && !loading.IsCompleted)
                _watchers.Add(progress);
        }
        try
        {
            return await loading.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && _disposal is not null)
        {
            // The load was stopped, and not by this caller.
            throw new ObjectDisposedException(owner.FullName);
        }
        finally
        {
            if (progress is not null)
            {
                lock (_gate)
                    _watchers.Remove(progress);
            }
        }
    }

    /// <summary>
    /// Stops a load in progress, or waits for the requests that are being answered; then frees the model. Every call waits for that.
    /// </summary>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
            return new ValueTask(_disposal ??= DisposeOnceAsync(_model));
    }

    private async Task DisposeOnceAsync(Task<TModel>? model)
    {
        // Outside the lock, which a stopped load needs, and off the caller's context, whose thread may be blocked until this ends.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await _stop.CancelAsync().ConfigureAwait(false);
        if (model is not null)
        {
            // After a failed load there is nothing to free, and its caller has the error.
            await ((Task)model).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (model.IsCompletedSuccessfully)
                await (await model.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }
        lock (_gate)
            _model = null;
        _stop.Dispose();
    }

    private sealed class Relay(SharedModel<TModel> shared) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value)
        {
            IProgress<LoadProgress>[] watchers;
            lock (shared._gate)
                watchers = [.. shared._watchers];
            foreach (IProgress<LoadProgress> watcher in watchers)
                Report(watcher, value);
        }

        private void Report(IProgress<LoadProgress> watcher, LoadProgress value)
        {
            try
            {
                watcher.Report(value);
            }
#pragma warning disable CA1031 // One caller's callback must not end the load that others wait for.
            catch (Exception)
#pragma warning restore CA1031
            {
                lock (shared._gate)
                    shared._watchers.Remove(watcher);
            }
        }
    }
}
