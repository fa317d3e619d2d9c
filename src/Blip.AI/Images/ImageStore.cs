using Microsoft.Extensions.Options;

namespace Blip.AI.Images;

/// <summary>
/// Images under the hash of their content, <c>sha256-</c> and 64 hex digits, for services without conversations. A caller with the
/// handle has, or had, the image. There is no list, so no caller learns of another caller's images. Thread-safe; disposing it frees the
/// images.
/// </summary>
public sealed class ImageStore : IImageHandles, IDisposable
{
    private readonly ImageShelf _shelf;

    /// <summary>Creates an empty store.</summary>
    /// <param name="options">Its bounds; null for the defaults.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    /// <exception cref="OptionsValidationException">A bound is out of its range; the message names it.</exception>
    public ImageStore(ImageStoreOptions? options = null, TimeProvider? timeProvider = null)
        => _shelf = (options ?? new ImageStoreOptions()).CreateShelf(timeProvider, hash => "sha256-" + hash);

    /// <summary>Keeps an image, or starts its time again.</summary>
    /// <param name="image">The encoded image; it is copied.</param>
    /// <returns>What is kept, and whether it was there already.</returns>
    /// <exception cref="BlipException"><c>invalid_request</c>: no bytes. <c>image_too_large</c>: more than the store holds.</exception>
    public AddedImage Add(ReadOnlySpan<byte> image) => _shelf.Add(image);

    /// <inheritdoc/>
    public bool TryGet(string handle, out ReadOnlyMemory<byte> image) => _shelf.TryGet(handle, out image);

    /// <inheritdoc/>
    public void Dispose() => _shelf.Dispose();
}
