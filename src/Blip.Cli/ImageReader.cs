using Blip.AI.Images;

namespace Blip.Cli;

/// <summary>
/// Reads the image that a user names: a file, an address, a data URI or standard input. All of them have limits of size and time.
/// </summary>
internal sealed class ImageReader : IDisposable
{
    private ImageSource? _source;

    public async Task<BlipImage> ReadAsync(string word, CancellationToken cancellationToken)
    {
        if (word == InputLines.StandardInput)
        {
            // A read from standard input cannot be cancelled. On cancellation nobody waits for it any more.
            using Stream input = Console.OpenStandardInput();
            return await BlipImage.FromStreamAsync(input, cancellationToken: cancellationToken).WaitAsync(cancellationToken);
        }
        if (!word.Contains("://", StringComparison.Ordinal) && !word.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
            return await BlipImage.FromFileAsync(word, cancellationToken: cancellationToken);
        _source ??= new ImageSource(ImageSourceOptions.Unrestricted());
        return BlipImage.FromBytes((await _source.ResolveAsync(word, cancellationToken: cancellationToken)).Data);
    }

    public void Dispose() => _source?.Dispose();
}
