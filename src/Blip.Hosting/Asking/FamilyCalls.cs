using Blip.AI;
using Microsoft.Extensions.Options;

namespace Blip.Hosting.Asking;

/// <summary>
/// Captions and matches for the endpoints: callers take turns as for questions, and wait for a model that is still being loaded.
/// Thread-safe.
/// </summary>
internal sealed class FamilyCalls(
    BlipCaptionService captions, BlipMatchService matches, CallerTurns turns, IOptions<BlipHostingOptions> options)
{
    /// <summary>Whether images can be captioned.</summary>
    public bool HasCaptions => captions.IsConfigured;

    /// <summary>Describes an image.</summary>
    public async Task<Caption> CaptionAsync(
        BlipImage image, string? prompt, CaptionOptions caption, CancellationToken cancellationToken)
    {
        BlipCaptioner model = await LoadPatience.WaitAsync(
            captions.IsReady, token => captions.GetModelAsync(cancellationToken: token), options.Value, cancellationToken)
            .ConfigureAwait(false);
        using IDisposable turn = await turns.EnterAsync(cancellationToken).ConfigureAwait(false);
        return await model.CaptionAsync(image, prompt, caption, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Calls a model that matches images and texts.</summary>
    public async Task<T> MatchAsync<T>(Func<BlipMatcher, Task<T>> call, CancellationToken cancellationToken)
    {
        BlipMatcher model = await LoadPatience.WaitAsync(
            matches.IsReady, token => matches.GetModelAsync(cancellationToken: token), options.Value, cancellationToken)
            .ConfigureAwait(false);
        using IDisposable turn = await turns.EnterAsync(cancellationToken).ConfigureAwait(false);
        return await call(model).ConfigureAwait(false);
    }
}
