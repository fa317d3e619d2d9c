using Microsoft.Extensions.Options;

namespace Blip.AI;

/// <summary>
/// The matching model of an application, if it has one. It is loaded once, when it is first needed, and all callers share it. After a
/// failed load the next caller loads again. Thread-safe.
/// </summary>
public sealed class BlipMatchService : IBlipMatcher, IAsyncDisposable, IDisposable
{
    private readonly FamilyModel<BlipMatcher> _model;

    /// <summary>Creates the service; nothing is loaded yet.</summary>
    /// <param name="options">Device, precision and limits, as for the model that answers questions.</param>
    /// <param name="family">Which model.</param>
    /// <param name="services">Those of the application, as <see cref="BlipServices.From"/> takes them; none by default.</param>
    public BlipMatchService(IOptions<BlipOptions> options, IOptions<BlipFamilyOptions> family, IServiceProvider? services = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(family);
        _model = new FamilyModel<BlipMatcher>(
            typeof(BlipMatchService), options.Value, family.Value.MatchModel, BlipMatcher.DemoModel,
            "No matching model is configured. Name one in Blip:MatchModel, for example Salesforce/blip-itm-base-coco.",
            services, BlipMatcher.LoadAsync);
    }

    /// <summary>Whether there is a model; otherwise every call fails with <see cref="ServiceErrorCode.ModelNotConfigured"/>.</summary>
    public bool IsConfigured => _model.Name is not null;

    /// <summary>Whether the model is loaded.</summary>
    public bool IsReady => _model.IsReady;

    /// <summary>What callers are told the model is called; <see langword="null"/> where there is none.</summary>
    internal string? ModelName => _model.Name is { } name ? ModelLocator.NameOf(name) : null;

    /// <summary>The model; loads it where it is not loaded. A caller that cancels does not stop the load that others wait for.</summary>
    /// <param name="progress">Gets the stage of the load while this caller waits.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="BlipException">
    /// None is configured (<see cref="ServiceErrorCode.ModelNotConfigured"/>), or it cannot be loaded.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The service is disposed, or was while this caller waited.</exception>
    public Task<BlipMatcher> GetModelAsync(IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default) =>
        _model.GetAsync(progress, cancellationToken);

    /// <inheritdoc/>
    public async Task<TextMatch[]> MatchAsync(
        BlipImage image, IReadOnlyList<string> texts, CancellationToken cancellationToken = default)
    {
        BlipMatcher model = await GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        return await model.MatchAsync(image, texts, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<float[]> EmbedAsync(BlipImage image, CancellationToken cancellationToken = default)
    {
        BlipMatcher model = await GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        return await model.EmbedAsync(image, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<float[][]> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken = default)
    {
        BlipMatcher model = await GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        return await model.EmbedAsync(texts, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Stops a load that is going on, or waits for the requests that are being answered; then frees the model. Every call waits for that.
    /// </summary>
    public ValueTask DisposeAsync() => _model.DisposeAsync();

    /// <summary>As <see cref="DisposeAsync"/>, for a container that is disposed without waiting: the thread waits instead.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();
}
