namespace Blip.AI.Images;

/// <summary>The bytes that an image reference stood for: limited in size, and not yet looked at.</summary>
/// <param name="Data">The encoded image as it came. Neither a file's name nor a server's media type vouches for it.</param>
/// <param name="Source">A short name to show: the handle, the file's name, the host, or <c>data URI</c>.</param>
public sealed record ResolvedImage(ReadOnlyMemory<byte> Data, string Source);
