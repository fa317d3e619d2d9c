using Blip.AI.Images;

namespace Blip.Hosting.Receiving;

/// <summary>The images that a request may name: those of the store, and those in its own body. Thread-safe.</summary>
internal sealed class RequestHandles(ImageStore store) : IImageHandles
{
    public bool TryGet(string handle, out ReadOnlyMemory<byte> image) =>
        handle.StartsWith(DataUri.TakenPrefix, StringComparison.Ordinal)
            ? RequestBody.TryGetImage(handle, out image)
            : store.TryGet(handle, out image);
}
