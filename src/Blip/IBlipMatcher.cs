namespace Blip;

/// <summary>
/// A matching model as an application uses it: <see cref="BlipMatcher"/>, or its replacement in a test.
/// Thread-safe.
/// </summary>
public interface IBlipMatcher
{
    /// <summary>Tells how well texts describe an image, which is encoded once.</summary>
    /// <param name="image">The image. One that was matched recently is not encoded again.</param>
    /// <param name="texts">Short texts in English, for example <c>two dogs on a meadow</c>.</param>
    /// <param name="cancellationToken">Leaves the queue; work that only this caller wanted stops, even in the middle of a pass.</param>
    /// <returns>A match for each text, in the order of the texts.</returns>
    /// <exception cref="BlipException">
    /// The image or a text cannot be used, or (<see cref="BlipBusyException"/>) the queue is full.
    /// </exception>
    /// <exception cref="BlipModelException">The network computed a value that is not finite: the weights are damaged.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the exception holds it.</exception>
    /// <example><code>
    /// await using BlipMatcher matcher = await BlipMatcher.LoadAsync();
    /// foreach (TextMatch match in await matcher.MatchAsync(BlipImage.FromFile("dogs.jpg"), ["two dogs on a meadow", "a cat"]))
    ///     Console.WriteLine($"{match.Match:P0} {match.Text}");
    /// </code></example>
    Task<TextMatch[]> MatchAsync(BlipImage image, IReadOnlyList<string> texts, CancellationToken cancellationToken = default);

    /// <summary>Makes the embedding of an image: numbers to compare with those of texts and of other images.</summary>
    /// <param name="image">The image. One that was encoded recently is not encoded again.</param>
    /// <param name="cancellationToken">Leaves the queue.</param>
    /// <returns>A vector of unit length: the cosine of two of them is their dot product. Its size is the model's, 256 as a rule.</returns>
    /// <exception cref="BlipException">The image cannot be used, or (<see cref="BlipBusyException"/>) the queue is full.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the exception holds it.</exception>
    Task<float[]> EmbedAsync(BlipImage image, CancellationToken cancellationToken = default);

    /// <summary>Makes the embeddings of texts: numbers to compare with those of images.</summary>
    /// <param name="texts">Short texts in English.</param>
    /// <param name="cancellationToken">Leaves the queue.</param>
    /// <returns>A vector of unit length for each text, in the order of the texts.</returns>
    /// <exception cref="BlipException">A text cannot be used, or (<see cref="BlipBusyException"/>) the queue is full.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the exception holds it.</exception>
    Task<float[][]> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken = default);
}
