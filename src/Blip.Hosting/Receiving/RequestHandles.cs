using Blip.AI.Images;
using Blip.AI.Searching;

namespace Blip.Hosting.Receiving;

/// <summary>
/// The images that a request may name: those of the store, those in its own body, and those that a search finds. Thread-safe.
/// </summary>
internal sealed class RequestHandles(ImageStore store, IImageSearch? search = null) : IImageHandles
{
    public bool TryGet(string handle, out ReadOnlyMemory<byte> image) =>
        handle.StartsWith(DataUri.TakenPrefix, StringComparison.Ordinal)
            ? RequestBody.TryGetImage(handle, out image)
            : store.TryGet(handle, out image) || search?.TryRead(handle, out image) == true;
}
