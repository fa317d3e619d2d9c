namespace Blip.AI.Images;

/// <summary>Images that are known by a short name, such as <c>image-1</c>. Implementations are thread-safe.</summary>
public interface IImageHandles
{
    /// <summary>Finds the image of a handle.</summary>
    /// <param name="handle">The handle.</param>
    /// <param name="image">The encoded image; empty where there is none. The bytes never change.</param>
    /// <returns>Whether there is an image under this handle.</returns>
    bool TryGet(string handle, out ReadOnlyMemory<byte> image);
}
