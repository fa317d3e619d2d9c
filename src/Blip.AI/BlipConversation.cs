using Blip.AI.Images;

namespace Blip.AI;

/// <summary>
/// What the tools know of one conversation: its images by short handles (<c>image-1</c>), and which folders it may read beyond those
/// that the options allow. Bounded in number and bytes; never shared between conversations. Thread-safe.
/// </summary>
public sealed class BlipConversation : IDisposable
{
    private readonly ImageRegistry? _registry;
    private readonly IImageHandles _handles;

    /// <summary>Begins a conversation.</summary>
    /// <param name="options">How many images it may hold; the defaults where <see langword="null"/>.</param>
    public BlipConversation(ImageStoreOptions? options = null) => _handles = _registry = new ImageRegistry(options);

    private BlipConversation(IImageHandles handles) => _handles = handles;

    /// <summary>Folders that this conversation may read beside the allowed ones, as full paths or <c>file://</c> addresses: the roots of an MCP client.</summary>
    public IReadOnlyList<string> AllowedFolders { get; set; } = [];

    /// <summary>Whether it has handles of its own. Over stateless HTTP there is no conversation, and handles are content hashes.</summary>
    public bool HasHandles => _registry is not null;

    internal ImageSourceScope Scope => new() { Handles = _handles, AllowedFolders = AllowedFolders };

    /// <summary>What stands for a conversation where none is held: handles are those of a store that all callers share.</summary>
    public static BlipConversation Stateless(ImageStore store) => new((IImageHandles)store);

    /// <summary>Makes an image known under a short handle; the same image keeps its handle.</summary>
    /// <param name="image">The encoded image.</param>
    /// <returns>The handle, or <see langword="null"/> where this is no conversation.</returns>
    public string? Attach(ReadOnlySpan<byte> image) => _registry?.Add(image).Handle;

    /// <summary>The images of this conversation, oldest first.</summary>
    public IReadOnlyList<StoredImage> List() => _registry?.List() ?? [];

    /// <summary>Forgets its images.</summary>
    public void Dispose() => _registry?.Dispose();
}
