using Blip.AI.Images;

namespace Blip.Cli;

/// <summary>Brings the image that a user typed: a file, an address, a data URI or standard input. Limits of size and time hold for all.</summary>
internal sealed class ImageReader : IDisposable
{
    private ImageSource? _source;

    public async Task<BlipImage> ReadAsync(string word, CancellationToken cancellationToken)
    {
        if (word == InputLines.StandardInput)
        {
            // Such a read cannot be called back: when cancelled it is left alone.
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
