namespace Blip.AI;

/// <summary>
/// A model that an application may have beside the one that answers questions. It is loaded once, when it is first needed, and all callers
/// share it. After a failed load the next caller loads again. Thread-safe.
/// </summary>
/// <typeparam name="TModel">The kind of model.</typeparam>
public abstract class BlipFamilyService<TModel> : IAsyncDisposable, IDisposable
    where TModel : class, IAsyncDisposable
{
    /// <summary>Captions and matches rarely come twice for an image.</summary>
    private const int CacheShare = 4;

    private readonly string? _name;
    private readonly string _missing;
    private readonly SharedModel<TModel> _model;

    /// <param name="options">Those of the model that answers questions.</param>
    /// <param name="given">What the application names.</param>
    /// <param name="demo">The demo model of this kind.</param>
    /// <param name="missing">What to say where there is none.</param>
    /// <param name="services">Those of the application.</param>
    /// <param name="load">Loads a model of this kind.</param>
    private protected BlipFamilyService(
        BlipOptions options, string? given, string demo, string missing, IServiceProvider? services,
        Func<BlipOptions, BlipServices, CancellationToken, Task<TModel>> load)
    {
        _missing = missing;
        _name = !string.IsNullOrWhiteSpace(given) ? given
            : options.Model == BlipModel.DemoModel && DemoModels.IsHere(demo) ? demo
            : null;
        _model = new SharedModel<TModel>(GetType(), (progress, stop) =>
        {
            BlipOptions own = options.Copy();
            (own.Model, own.BaseModel, own.ImageSize) = (_name!, null, null);
            own.ImageCacheBytes /= CacheShare;
            BlipServices of = services is null ? new BlipServices { Progress = progress } : BlipServices.From(services, progress);
            return load(own, of, stop);
        });
    }

    /// <summary>Whether there is a model; otherwise every call fails with <see cref="ServiceErrorCode.ModelNotConfigured"/>.</summary>
    public bool IsConfigured => _name is not null;

    /// <summary>Whether the model is loaded.</summary>
    public bool IsReady => _model.Loaded is not null;

    /// <summary>What callers are told the model is called; <see langword="null"/> where there is none.</summary>
    internal string? ModelName => _name is null ? null : ModelLocator.NameOf(_name);

    /// <summary>The model; loads it if necessary. A caller that cancels does not stop the load that others wait for.</summary>
    /// <param name="progress">Gets the stage of the load while this caller waits.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="BlipException">
    /// None is configured (<see cref="ServiceErrorCode.ModelNotConfigured"/>), or it cannot be loaded.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The service is disposed, or was while this caller waited.</exception>
    public Task<TModel> GetModelAsync(IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default) =>
        _name is null
            ? throw new BlipException(ServiceErrorCode.ModelNotConfigured, _missing)
            : _model.GetAsync(progress, cancellationToken);

    /// <summary>
    /// Stops a load in progress, or waits for the requests that are being answered; then frees the model. Every call waits for that.
    /// </summary>
    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _model.DisposeAsync();
    }

    /// <summary>As <see cref="DisposeAsync"/>, for a container that is disposed without waiting: the thread waits instead.</summary>
    public void Dispose()
    {
        DisposeAsync().AsTask().GetAwaiter().GetResult();
        GC.SuppressFinalize(this);
    }
}
