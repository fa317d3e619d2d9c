namespace Blip;

/// <summary>Further ways to match images and texts.</summary>
public static class BlipMatcherExtensions
{
    /// <summary>Tells how well a text describes an image.</summary>
    /// <param name="matcher">The model.</param>
    /// <inheritdoc cref="IBlipMatcher.MatchAsync"/>
    /// <param name="image"/><param name="text">The text.</param><param name="cancellationToken"/>
    /// <returns>The match.</returns>
    public static async Task<TextMatch> MatchAsync(
        this IBlipMatcher matcher, BlipImage image, string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(matcher);
        return (await matcher.MatchAsync(image, [text], cancellationToken).ConfigureAwait(false))[0];
    }

    /// <summary>Makes the embedding of a text.</summary>
    /// <param name="matcher">The model.</param>
    /// <inheritdoc cref="IBlipMatcher.EmbedAsync(IReadOnlyList{string}, CancellationToken)"/>
    /// <param name="text">The text.</param><param name="cancellationToken"/>
    /// <returns>A vector of unit length.</returns>
    public static async Task<float[]> EmbedAsync(this IBlipMatcher matcher, string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(matcher);
        return (await matcher.EmbedAsync([text], cancellationToken).ConfigureAwait(false))[0];
    }
}
