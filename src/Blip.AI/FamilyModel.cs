namespace Blip.AI;

/// <summary>A model beside the one that answers questions: none, or loaded when it is first needed. Thread-safe.</summary>
internal sealed class FamilyModel<TModel> : IAsyncDisposable
    where TModel : class, IAsyncDisposable
{
    /// <summary>Captions and matches rarely come twice for an image.</summary>
    private const int CacheShare = 4;

    private readonly string _missing;
    private readonly SharedModel<TModel> _model;

    /// <param name="owner">Whose model it is.</param>
    /// <param name="options">Those of the model that answers questions.</param>
    /// <param name="given">What the application names.</param>
    /// <param name="demo">The demo model of this kind.</param>
    /// <param name="missing">What to say where there is none.</param>
    /// <param name="services">Those of the application.</param>
    /// <param name="load">Loads a model of this kind.</param>
    public FamilyModel(
        Type owner, BlipOptions options, string? given, string demo, string missing, IServiceProvider? services,
        Func<BlipOptions, BlipServices, CancellationToken, Task<TModel>> load)
    {
        _missing = missing;
        Name = !string.IsNullOrWhiteSpace(given) ? given
            : options.Model == BlipModel.DemoModel && DemoModels.IsHere(demo) ? demo
            : null;
        _model = new SharedModel<TModel>(owner, (progress, stop) =>
        {
            BlipOptions own = options.Copy();
            (own.Model, own.BaseModel, own.ImageSize) = (Name!, null, null);
            own.ImageCacheBytes /= CacheShare;
            BlipServices of = services is null ? new BlipServices { Progress = progress } : BlipServices.From(services, progress);
            return load(own, of, stop);
        });
    }

    /// <summary>The model's name; <see langword="null"/> where there is none.</summary>
    public string? Name { get; }

    /// <summary>Whether it is loaded.</summary>
    public bool IsReady => _model.Loaded is not null;

    /// <exception cref="BlipException">
    /// There is none (<see cref="ServiceErrorCode.ModelNotConfigured"/>), or it cannot be loaded.
    /// </exception>
    public Task<TModel> GetAsync(IProgress<LoadProgress>? progress, CancellationToken cancellationToken) => Name is null
        ? throw new BlipException(ServiceErrorCode.ModelNotConfigured, _missing)
        : _model.GetAsync(progress, cancellationToken);

    public ValueTask DisposeAsync() => _model.DisposeAsync();
}
