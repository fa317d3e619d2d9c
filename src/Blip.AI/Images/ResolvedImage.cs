namespace Blip.AI.Images;

/// <summary>The bytes of an image reference: limited in size, and not decoded yet.</summary>
/// <param name="Data">The bytes as they came. Whether they are an image is not checked.</param>
/// <param name="Source">A short name to show: the handle, the file's name, the host, or <c>data URI</c>.</param>
public sealed record ResolvedImage(ReadOnlyMemory<byte> Data, string Source);
