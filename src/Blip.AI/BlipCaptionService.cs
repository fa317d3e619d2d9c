using Microsoft.Extensions.Options;

namespace Blip.AI;

/// <summary>The captioning model of an application, if it has one. Thread-safe.</summary>
public sealed class BlipCaptionService : BlipFamilyService<BlipCaptioner>, IBlipCaptioner
{
    /// <summary>Creates the service; nothing is loaded yet.</summary>
    /// <param name="options">Device, precision and limits, as for the model that answers questions.</param>
    /// <param name="family">Which model.</param>
    /// <param name="services">The application's services, as <see cref="BlipServices.From"/> takes them; none by default.</param>
    public BlipCaptionService(IOptions<BlipOptions> options, IOptions<BlipFamilyOptions> family, IServiceProvider? services = null)
        : base(
            options?.Value ?? throw new ArgumentNullException(nameof(options)),
            (family ?? throw new ArgumentNullException(nameof(family))).Value.CaptionModel, BlipCaptioner.DemoModel,
            "No captioning model is configured. Name one in Blip:CaptionModel, for example Salesforce/blip-image-captioning-base.",
            services, BlipCaptioner.LoadAsync)
    {
    }

    /// <inheritdoc/>
    public async Task<Caption> CaptionAsync(
        BlipImage image, string? prompt = null, CaptionOptions? options = null, CancellationToken cancellationToken = default)
    {
        BlipCaptioner model = await GetModelAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        return await model.CaptionAsync(image, prompt, options, cancellationToken).ConfigureAwait(false);
    }
}
