namespace Blip;

/// <summary>Further ways to ask a model.</summary>
public static class BlipModelExtensions
{
    /// <summary>Asks a question whose possible answers are known: the model ranks them by their probability.</summary>
    /// <param name="model">The model.</param>
    /// <param name="choices">The possible answers, as <see cref="AskOptions.Choices"/>.</param>
    /// <inheritdoc cref="IBlipModel.AskAsync(BlipImage, string, AskOptions?, CancellationToken)"/>
    /// <param name="image"/><param name="question"/><param name="options"/><param name="cancellationToken"/>
    /// <returns>The best choice; <see cref="Answer.Choices"/> has all of them with their probabilities.</returns>
    /// <example><code>
    /// await using BlipModel blip = await BlipModel.LoadAsync();
    /// Answer weather = await blip.AskAsync(BlipImage.FromFile("dogs.jpg"), "what is the weather like?", ["sunny", "cloudy", "snowy"]);
    /// foreach (AnswerChoice choice in weather.Choices)
    ///     Console.WriteLine($"{choice.Text}: {choice.Probability:P0}");
    /// </code></example>
    public static Task<Answer> AskAsync(
        this IBlipModel model, BlipImage image, string question, IReadOnlyList<string> choices, AskOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.AskAsync(image, question, WithChoices(options, choices), cancellationToken);
    }

    /// <summary>Asks a question whose possible answers are known, about an image that was encoded before.</summary>
    /// <param name="model">The model.</param>
    /// <param name="choices">The possible answers, as <see cref="AskOptions.Choices"/>.</param>
    /// <inheritdoc cref="IBlipModel.AskAsync(EncodedImage, string, AskOptions?, CancellationToken)"/>
    /// <param name="encoded"/><param name="question"/><param name="options"/><param name="cancellationToken"/>
    /// <returns>The best choice; <see cref="Answer.Choices"/> has all of them with their probabilities.</returns>
    public static Task<Answer> AskAsync(
        this IBlipModel model, EncodedImage encoded, string question, IReadOnlyList<string> choices, AskOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.AskAsync(encoded, question, WithChoices(options, choices), cancellationToken);
    }

    /// <summary>
    /// Asks a question whose answer is a value. The model ranks the values: yes and no, the numbers 0 to 20 in digits and in words, or an
    /// enumeration's names (<c>FireTruck</c> as <c>fire truck</c>). Options with choices, or with beams, of the caller are obeyed instead,
    /// and what is answered is read as a value.
    /// </summary>
    /// <typeparam name="T"><see cref="bool"/>, <see cref="int"/> or an enumeration.</typeparam>
    /// <param name="model">The model.</param>
    /// <inheritdoc cref="IBlipModel.AskAsync(BlipImage, string, AskOptions?, CancellationToken)"/>
    /// <param name="image"/><param name="question"/><param name="options"/><param name="cancellationToken"/>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is another type.</exception>
    /// <example><code>
    /// await using BlipModel blip = await BlipModel.LoadAsync();
    /// TypedAnswer&lt;int&gt; dogs = await blip.AskAsync&lt;int&gt;(BlipImage.FromFile("dogs.jpg"), "how many dogs are there?");
    /// Console.WriteLine(dogs.Value + 1);
    /// </code></example>
    public static async Task<TypedAnswer<T>> AskAsync<T>(
        this IBlipModel model, BlipImage image, string question, AskOptions? options = null, CancellationToken cancellationToken = default)
        where T : struct
    {
        ArgumentNullException.ThrowIfNull(model);
        TypedAnswer<T>.ThrowIfUnsupported();
        return TypedAnswer<T>.Parse(
            await model.AskAsync(image, question, TypedAnswer<T>.Rank(options), cancellationToken).ConfigureAwait(false));
    }

    /// <summary>
    /// Asks a question whose answer is a value, about an image that was encoded before, as for an image that was not.
    /// </summary>
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
        return TypedAnswer<T>.Parse(
            await model.AskAsync(encoded, question, TypedAnswer<T>.Rank(options), cancellationToken).ConfigureAwait(false));
    }

    /// <summary>
    /// Tells how well an image shows the things that a text names: the score of T2I-CompBench (<c>BLIPvqa_eval</c>), which asks "PHRASE?"
    /// about each and multiplies the probabilities of yes. For that benchmark's figures load <c>Salesforce/blip-vqa-capfilt-large</c> or
    /// <c>-base</c> with <see cref="BlipOptions.ImageSize"/> 480.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="image">The image. One that was asked about recently is not encoded again.</param>
    /// <param name="phrases">
    /// The noun phrases of the text: "a red car". <see cref="Text.NounPhrases"/> splits a text. With none the score is 0.
    /// </param>
    /// <param name="cancellationToken">Leaves the queue; work that only this caller wanted stops, even in the middle of a pass.</param>
    /// <exception cref="BlipException">
    /// The image or a phrase cannot be used, the vocabulary lacks yes or no, or (<see cref="BlipBusyException"/>) the queue is full.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the exception holds it.</exception>
    public static async Task<PhraseScore> ScoreAsync(
        this IBlipModel model, BlipImage image, IReadOnlyList<string> phrases, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(phrases);
        string[] questions = [.. phrases.Select(phrase => string.IsNullOrWhiteSpace(phrase)
            ? throw new BlipException(BlipErrorCode.QuestionEmpty, "A phrase is empty. Give a few words, such as \"a red car\".")
            : phrase + "?")];
        AskOptions options = new() { Choices = ["yes", "no"], ChoicesByFirstToken = true };
        Answer[] answers;
        try
        {
            answers = await model.AskAsync(image, questions, options, cancellationToken).ConfigureAwait(false);
        }
        catch (BlipException exception) when (exception.Code == BlipErrorCode.QuestionTooLong)
        {
            throw new BlipException(exception.Code, "A phrase has more tokens than this model reads. Give a shorter one.", exception);
        }
        double[] probabilities = [.. answers.Select(answer => answer.Choices.First(choice => choice.Text == "yes").Probability)];
        double product = probabilities.Length == 0 ? 0 : probabilities.Aggregate((all, one) => all * one);
        return new PhraseScore(product, probabilities);
    }

    /// <summary>Asks questions about one image. A question that cannot be asked has an error of its own.</summary>
    /// <param name="model">The model.</param>
    /// <param name="image">The image.</param>
    /// <param name="questions">The questions.</param>
    /// <param name="options">
    /// How to answer; the defaults where <see langword="null"/>. The image waits for no place unless they say so.
    /// </param>
    /// <param name="cancellationToken">Leaves the queue.</param>
    /// <returns>One outcome for each question, in order.</returns>
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

    private static AskOptions WithChoices(AskOptions? options, IReadOnlyList<string> choices)
    {
        ArgumentNullException.ThrowIfNull(choices);
        return (options ?? AskOptions.Default) with { Choices = choices };
    }
}
