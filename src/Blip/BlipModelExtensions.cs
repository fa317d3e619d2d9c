namespace Blip;

/// <summary>Further ways to ask a model.</summary>
public static class BlipModelExtensions
{
    /// <summary>Asks a question whose answer is a value: yes or no, a number, one of an enumeration's names.</summary>
    /// <typeparam name="T"><see cref="bool"/>, <see cref="int"/> or an enumeration.</typeparam>
    /// <param name="model">The model.</param>
    /// <inheritdoc cref="IBlipModel.AskAsync(BlipImage, string, AskOptions?, CancellationToken)"/>
    /// <param name="image"/><param name="question"/><param name="options"/><param name="cancellationToken"/>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is another type.</exception>
    public static async Task<TypedAnswer<T>> AskAsync<T>(
        this IBlipModel model, BlipImage image, string question, AskOptions? options = null, CancellationToken cancellationToken = default)
        where T : struct
    {
        ArgumentNullException.ThrowIfNull(model);
        TypedAnswer<T>.ThrowIfUnsupported();
        return TypedAnswer<T>.Parse(await model.AskAsync(image, question, options, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Asks a question whose answer is a value, about an image that was encoded before.</summary>
    /// <typeparam name="T"><see cref="bool"/>, <see cref="int"/> or an enumeration.</typeparam>
    /// <param name="model">The model.</param>
    /// <inheritdoc cref="IBlipModel.AskAsync(EncodedImage, string, AskOptions?, CancellationToken)"/>
    /// <param name="encoded"/><param name="question"/><param name="options"/><param name="cancellationToken"/>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is another type.</exception>
    public static async Task<TypedAnswer<T>> AskAsync<T>(
        this IBlipModel model, EncodedImage encoded, string question, AskOptions? options = null, CancellationToken cancellationToken = default)
        where T : struct
    {
        ArgumentNullException.ThrowIfNull(model);
        TypedAnswer<T>.ThrowIfUnsupported();
        return TypedAnswer<T>.Parse(await model.AskAsync(encoded, question, options, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Asks about many images, as <see cref="IBlipModel.AskEachAsync"/> does.</summary>
    /// <param name="model">The model.</param>
    /// <inheritdoc cref="IBlipModel.AskEachAsync"/>
    /// <param name="items"/><param name="options"/><param name="cancellationToken"/>
    public static IAsyncEnumerable<AskOutcome> AskEachAsync(
        this IBlipModel model, IEnumerable<AskItem> items, AskEachOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(items);
        return model.AskEachAsync(items.ToAsyncEnumerable(), options, cancellationToken);
    }
}
