using Microsoft.Extensions.Options;

namespace Blip.AI.Images;

/// <summary>
/// The images of one conversation under handles that a language model can repeat: <c>image-1</c>, <c>image-2</c> and so on. A number
/// belongs to one image for ever: an image that was dropped and comes again has the handle it had. Thread-safe; disposing it frees the
/// images.
/// </summary>
public sealed class ImageRegistry : IImageHandles, IDisposable
{
    private readonly ImageShelf _shelf;
    private readonly Dictionary<string, int> _numbers = [];

    /// <summary>Creates an empty registry.</summary>
    /// <param name="options">Its bounds; null for the defaults.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    /// <exception cref="OptionsValidationException">A bound is out of its range; the message names it.</exception>
    public ImageRegistry(ImageStoreOptions? options = null, TimeProvider? timeProvider = null)
        => _shelf = (options ?? new ImageStoreOptions()).CreateShelf(timeProvider, NameOf);

    /// <summary>Keeps an image. The same bytes get the same handle as long as they are kept.</summary>
    /// <param name="image">The encoded image; it is copied.</param>
    /// <exception cref="BlipException"><c>invalid_request</c>: no bytes. <c>image_too_large</c>: more than the registry holds.</exception>
    public StoredImage Add(ReadOnlySpan<byte> image) => _shelf.Add(image).Image;

    /// <inheritdoc/>
    public bool TryGet(string handle, out ReadOnlyMemory<byte> image) => _shelf.TryGet(handle, out image);

    /// <summary>The images kept now, in the order in which they came.</summary>
    public IReadOnlyList<StoredImage> List() => _shelf.List();

    /// <inheritdoc/>
    public void Dispose() => _shelf.Dispose();

    // The shelf asks within its lock.
    private string NameOf(string hash)
    {
        if (!_numbers.TryGetValue(hash, out int number))
            _numbers.Add(hash, number = _numbers.Count + 1);
        return FormattableString.Invariant($"image-{number}");
    }
}
