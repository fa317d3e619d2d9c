namespace Blip.AI.Images;

/// <summary>What one conversation or caller may use beside <see cref="ImageSourceOptions"/>. Immutable.</summary>
public sealed record ImageSourceScope
{
    /// <summary>The images known by handle. Default: none.</summary>
    public IImageHandles? Handles { get; init; }

    /// <summary>
    /// Further folders whose files are allowed: full paths, or <c>file://</c> addresses as an MCP client names its roots. Other entries
    /// are ignored. Default: none.
    /// </summary>
    public IReadOnlyList<string> AllowedFolders { get; init; } = [];
}
