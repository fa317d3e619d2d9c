namespace Blip;

/// <summary>
/// A captioning model as an application uses it: <see cref="BlipCaptioner"/>, or its replacement in a test. Thread-safe.
/// </summary>
public interface IBlipCaptioner
{
    /// <summary>Describes an image.</summary>
    /// <param name="image">The image. One that was captioned recently is not encoded again.</param>
    /// <param name="prompt">
    /// How the caption begins, for example <c>a picture of</c>; the caption repeats it. <see langword="null"/> or empty for none.
    /// </param>
    /// <param name="options">How to caption; <see cref="CaptionOptions.Default"/> where <see langword="null"/>.</param>
    /// <param name="cancellationToken">Leaves the queue; work that only this caller wanted stops, even in the middle of a pass.</param>
    /// <exception cref="BlipException">
    /// The image, the prompt or an option cannot be used, or (<see cref="BlipBusyException"/>) the queue is full.
    /// </exception>
    /// <exception cref="BlipModelException">The network computed a value that is not finite: the weights are damaged.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the exception holds it.</exception>
    /// <example><code>
    /// await using BlipCaptioner captioner = await BlipCaptioner.LoadAsync();
    /// Caption caption = await captioner.CaptionAsync(BlipImage.FromFile("dogs.jpg"));
    /// Console.WriteLine(caption.Text);
    /// </code></example>
    Task<Caption> CaptionAsync(
        BlipImage image, string? prompt = null, CaptionOptions? options = null, CancellationToken cancellationToken = default);
}
