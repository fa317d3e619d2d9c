using Microsoft.Extensions.Options;

namespace Blip.AI;

/// <summary>The matching model of an application, if it has one. Thread-safe.</summary>
public sealed class BlipMatchService : BlipFamilyService<BlipMatcher>, IBlipMatcher
{
    /// <summary>Creates the service; nothing is loaded yet.</summary>
    /// <param name="options">Device, precision and limits, as for the model that answers questions.</param>
    /// <param name="family">Which model.</param>
    /// <param name="services">The application's services, as <see cref="BlipServices.From"/> takes them; none by default.</param>
    public BlipMatchService(IOptions<BlipOptions> options, IOptions<BlipFamilyOptions> family, IServiceProvider? services = null)
        : base(
            options?.Value ?? throw new ArgumentNullException(nameof(options)),
            (family ?? throw new ArgumentNullException(nameof(family))).Value.MatchModel, BlipMatcher.DemoModel,
            "No matching model is configured. Name one in Blip:MatchModel, for example Salesforce/blip-itm-base-coco.",
            services, BlipMatcher.LoadAsync)
    {
    }

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
}
