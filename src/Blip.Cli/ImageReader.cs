using Blip.AI.Images;
using Blip.Images;

namespace Blip.Cli;

/// <summary>
/// Reads the image that a user names: a file, an address, a data URI or standard input. All of them have limits of size and time.
/// </summary>
internal sealed class ImageReader(ImageLimits limits) : IDisposable
{
    // Images of a batch are read side by side.
    private readonly Lazy<ImageSource> _source = new(() =>
    {
        ImageSourceOptions options = ImageSourceOptions.Unrestricted();
        options.MaxBytes = limits.MaxBytes;
        return new ImageSource(options);
    });

    /// <summary>Whether a word names a file, and not standard input, an address or a data URI.</summary>
    public static bool IsFile(string word) => word != InputLines.StandardInput && !word.Contains("://", StringComparison.Ordinal)
        && !word.StartsWith("data:", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a word names an image that is there: a file with an image's ending, an address or a data URI.</summary>
    public static bool IsImage(string word) =>
        word != InputLines.StandardInput && (!IsFile(word) || (ImageFileList.HasImageEnding(word) && File.Exists(word)));

    /// <summary>Why no image can come from standard input; <see langword="null"/> where one may.</summary>
    public static BlipException? FindInputError() => !Console.IsInputRedirected
        ? new BlipException(
            BlipErrorCode.InvalidRequest, "Standard input is the terminal. Pipe an image in: cat dogs.jpg | blip ask - QUESTION.")
        : InputLines.FindError();

    public async Task<BlipImage> ReadAsync(string word, CancellationToken cancellationToken)
    {
        if (word == InputLines.StandardInput)
        {
            if (FindInputError() is { } error)
                throw error;
            // A read from standard input cannot be cancelled. On cancellation nobody waits for it any more.
            using Stream input = Console.OpenStandardInput();
            return await BlipImage.FromStreamAsync(input, limits, cancellationToken).WaitAsync(cancellationToken);
        }
        if (IsFile(word))
            return await BlipImage.FromFileAsync(word, limits, cancellationToken);
        return BlipImage.FromBytes((await _source.Value.ResolveAsync(word, cancellationToken: cancellationToken)).Data);
    }

    public void Dispose()
    {
        if (_source.IsValueCreated)
            _source.Value.Dispose();
    }
}
