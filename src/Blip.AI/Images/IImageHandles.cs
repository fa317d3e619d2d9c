namespace Blip.AI.Images;

/// <summary>Images that are known by a short name, such as <c>image-1</c>. Implementations are thread-safe.</summary>
public interface IImageHandles
{
    /// <summary>Finds the image of a handle.</summary>
    /// <param name="handle">The handle, as it was given out.</param>
    /// <param name="image">The image's encoded bytes; empty when there is none. They never change.</param>
    /// <returns>Whether the image is known (still).</returns>
    bool TryGet(string handle, out ReadOnlyMemory<byte> image);
}
