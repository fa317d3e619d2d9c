using Blip.AI.Images;

namespace Blip.AI;

/// <summary>
/// What the tools know about one conversation: its images by short handles (<c>image-1</c>), and the folders that it may read beside those
/// of the options. The images are bounded in number and bytes. Never share one between conversations. Thread-safe.
/// </summary>
public sealed class BlipConversation : IDisposable
{
    private readonly ImageRegistry? _registry;
    private readonly IImageHandles _handles;

    /// <summary>Begins a conversation.</summary>
    /// <param name="options">How many images it may hold; the defaults where <see langword="null"/>.</param>
    public BlipConversation(ImageStoreOptions? options = null) => _handles = _registry = new ImageRegistry(options);

    /// <summary>For calls without a conversation, with handles of the service's own.</summary>
    internal BlipConversation(IImageHandles handles) => _handles = handles;

    /// <summary>
    /// Folders that this conversation may read beside those of the options, as full paths or <c>file://</c> addresses: the roots of an
    /// MCP client. Default: none.
    /// </summary>
    public IReadOnlyList<string> AllowedFolders { get; set; } = [];

    /// <summary>Whether it has handles of its own. Without a conversation, as over stateless HTTP, handles are content hashes.</summary>
    public bool HasHandles => _registry is not null;

    /// <summary>Where its tools are called.</summary>
    internal ToolSurroundings Surroundings { get; init; }

    internal ImageSourceScope Scope => new() { Handles = _handles, AllowedFolders = AllowedFolders };

    /// <summary>For calls without a conversation: the handles are those of a store that all callers share.</summary>
    public static BlipConversation Stateless(ImageStore store) => new((IImageHandles)store) { Surroundings = ToolSurroundings.Http };

    /// <summary>Keeps an image under a short handle; the same image keeps its handle.</summary>
    /// <param name="image">The encoded image.</param>
    /// <returns>The handle, or <see langword="null"/> without a conversation.</returns>
    public string? Attach(ReadOnlySpan<byte> image) => _registry?.Add(image).Handle;

    /// <summary>The images of this conversation, oldest first.</summary>
    public IReadOnlyList<StoredImage> List() => _registry?.List() ?? [];

    /// <summary>Finds the image of a handle.</summary>
    internal bool TryGet(string handle, out ReadOnlyMemory<byte> image) => _handles.TryGet(handle, out image);

    /// <summary>Frees the images.</summary>
    public void Dispose() => _registry?.Dispose();
}
