namespace Blip;

/// <summary>
/// A model as an application uses it: <see cref="BlipModel"/>, or its replacement in a test. Thread-safe.
/// </summary>
public interface IBlipModel
{
    /// <summary>Asks one question about an image.</summary>
    /// <param name="image">The image. One that was asked about recently is not encoded again.</param>
    /// <param name="question">A short question in English, for example <c>how many dogs are in the picture?</c></param>
    /// <param name="options">How to answer; <see cref="AskOptions.Default"/> where <see langword="null"/>.</param>
    /// <param name="cancellationToken">Leaves the queue; work that only this caller wanted stops, even in the middle of a pass.</param>
    /// <exception cref="BlipException">
    /// The image, the question or an option cannot be used, or (<see cref="BlipBusyException"/>) the queue is full.
    /// </exception>
    /// <exception cref="BlipModelException">The network computed a value that is not finite: the weights are damaged.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the exception holds it.</exception>
    /// <example><code>
    /// await using BlipModel blip = await BlipModel.LoadAsync();
    /// Answer answer = await blip.AskAsync(BlipImage.FromFile("dogs.jpg"), "how many dogs are in the picture?");
    /// Console.WriteLine($"{answer.Text} ({answer.Confidence:P0})");
    /// </code></example>
    Task<Answer> AskAsync(BlipImage image, string question, AskOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Asks questions about an image, which is encoded once. Answers come in the order of the questions.</summary>
    /// <inheritdoc cref="AskAsync(BlipImage, string, AskOptions?, CancellationToken)"/>
    /// <param name="image"/><param name="questions">The questions.</param><param name="options"/><param name="cancellationToken"/>
    Task<Answer[]> AskAsync(
        BlipImage image, IReadOnlyList<string> questions, AskOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Asks one question about an image that was encoded before.</summary>
    /// <param name="encoded">The image, from <see cref="EncodeAsync"/> of this model.</param>
    /// <inheritdoc cref="AskAsync(BlipImage, string, AskOptions?, CancellationToken)"/>
    /// <param name="question"/><param name="options"/><param name="cancellationToken"/>
    Task<Answer> AskAsync(EncodedImage encoded, string question, AskOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Asks questions about an image that was encoded before. Answers come in the order of the questions.</summary>
    /// <param name="encoded">The image, from <see cref="EncodeAsync"/> of this model.</param>
    /// <inheritdoc cref="AskAsync(BlipImage, string, AskOptions?, CancellationToken)"/>
    /// <param name="questions">The questions.</param><param name="options"/><param name="cancellationToken"/>
    Task<Answer[]> AskAsync(
        EncodedImage encoded, IReadOnlyList<string> questions, AskOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Encodes an image once, to ask about it often.</summary>
    /// <param name="image">The image.</param>
    /// <param name="cancellationToken">Leaves the queue; work that only this caller wanted stops, even in the middle of a pass.</param>
    /// <returns>The caller disposes it.</returns>
    /// <exception cref="BlipException">The image cannot be used, or (<see cref="BlipBusyException"/>) the queue is full.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the exception holds it.</exception>
    /// <example><code>
    /// await using BlipModel blip = await BlipModel.LoadAsync();
    /// using EncodedImage image = await blip.EncodeAsync(BlipImage.FromFile("dogs.jpg"));
    /// foreach (string question in (string[])["is it day or night?", "is there a cat?"])
    ///     Console.WriteLine(await blip.AskAsync(image, question));
    /// </code></example>
    Task<EncodedImage> EncodeAsync(BlipImage image, CancellationToken cancellationToken = default);

    /// <summary>
    /// Asks about many images, in their order, with only a few of them in memory: the next ones are read and decoded while the
    /// network runs. Waits for places in the queue instead of failing, and leaves half of the places to others. An item that fails has an
    /// outcome with its error.
    /// </summary>
    /// <param name="items">
    /// The images with their questions; read as places become free. Cancelling waits for the item that is being read: a source that waits
    /// for a long time should use the token that <c>GetAsyncEnumerator</c> gets.
    /// </param>
    /// <param name="options">How to answer, and how many images to hold; the defaults where <see langword="null"/>.</param>
    /// <param name="cancellationToken">Stops asking: outcomes that were not returned yet are dropped.</param>
    /// <returns>One outcome for each item, in the order of the items.</returns>
    /// <exception cref="BlipException">An option cannot be used.</exception>
    /// <exception cref="ArgumentException">An item is null; the message has its index. The items before it have outcomes.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the exception holds it.</exception>
    /// <example><code>
    /// await using BlipModel blip = await BlipModel.LoadAsync();
    /// var items = Directory.EnumerateFiles("photos").Select(path =&gt; AskItem.FromFile(path, "is there a dog?"));
    /// await foreach (AskOutcome outcome in blip.AskEachAsync(items))
    ///     Console.WriteLine($"{outcome.Item.Key}: {outcome.Error?.Message ?? outcome.Answers[0].Answer?.Text}");
    /// </code></example>
    IAsyncEnumerable<AskOutcome> AskEachAsync(
        IAsyncEnumerable<AskItem> items, AskEachOptions? options = null, CancellationToken cancellationToken = default);
}
