namespace Blip.Hub;

/// <summary>A revision of a model in the cache. Immutable.</summary>
/// <param name="Commit">The full commit: 40 hexadecimal digits.</param>
/// <param name="References">The branches and tags that point to this commit as far as the cache knows, sorted.</param>
/// <param name="Files">The number of its files in the cache.</param>
/// <param name="Size">The size of its files, in bytes; revisions may share files.</param>
/// <param name="Usable">
/// Whether it has all that an answer needs: the configuration, the tokenizer, the settings of the image preprocessing and the weights.
/// </param>
/// <param name="Folder">The full path of the snapshot folder.</param>
public sealed record HubCachedRevision(string Commit, IReadOnlyList<string> References, int Files, long Size, bool Usable, string Folder);
