namespace Blip.AI;

/// <summary>Where the tools are called, which decides how a caller can name an image.</summary>
internal enum ToolSurroundings
{
    /// <summary>In a chat, whose images are attached to its messages.</summary>
    Chat,

    /// <summary>Over HTTP, without a conversation.</summary>
    Http,

    /// <summary>In a process of the caller's own, which may read the folders that the caller names.</summary>
    Process,
}
