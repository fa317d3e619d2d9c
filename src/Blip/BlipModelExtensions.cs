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
        this IBlipModel model, EncodedImage encoded, string question, AskOptions? options = null,
        CancellationToken cancellationToken = default)
        where T : struct
    {
        ArgumentNullException.ThrowIfNull(model);
        TypedAnswer<T>.ThrowIfUnsupported();
        return TypedAnswer<T>.Parse(await model.AskAsync(encoded, question, options, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Asks questions about one image. A question that cannot be asked has an error of its own.</summary>
    /// <param name="model">The model.</param>
    /// <param name="image">The image.</param>
    /// <param name="questions">The questions.</param>
    /// <param name="options">
    /// How to answer; the defaults where <see langword="null"/>. The image waits for no place unless they say so.
    /// </param>
    /// <param name="cancellationToken">Leaves the queue.</param>
    /// <returns>One outcome a question, in order.</returns>
    /// <exception cref="BlipException">
    /// The image or an option cannot be used, or (<see cref="BlipBusyException"/>) the queue is full.
    /// </exception>
    /// <exception cref="BlipModelException">The model is damaged: no fault of a question.</exception>
    public static async Task<IReadOnlyList<QuestionOutcome>> AskEachAsync(
        this IBlipModel model, BlipImage image, IReadOnlyList<string> questions, AskEachOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new AskEachOptions { WaitForPlace = false };
        IReadOnlyList<QuestionOutcome> answers = [];
        await foreach (AskOutcome outcome in model.AskEachAsync([new AskItem(image, questions)], options, cancellationToken)
            .ConfigureAwait(false))
            answers = outcome.Error is null ? outcome.Answers : throw outcome.Error;
        BlipException? fault = answers.Select(answer => answer.Error)
            .FirstOrDefault(e => e is BlipModelException or { Code: BlipErrorCode.Internal });
        return fault is null ? answers : throw fault;
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
