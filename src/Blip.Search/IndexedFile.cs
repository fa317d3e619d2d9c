namespace Blip.Search;

/// <summary>What the index knows about a file.</summary>
/// <param name="Path">Its path below the folder, with slashes.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Changed">When it was written last, in ticks of UTC.</param>
/// <param name="Hash">The SHA-256 of its content.</param>
/// <param name="Vector">Its embedding; <see langword="null"/> where it is not an image that can be read.</param>
internal sealed record IndexedFile(string Path, long Bytes, long Changed, byte[] Hash, float[]? Vector);
