namespace Blip.Hub;

/// <summary>A revision of a model in the cache. Immutable.</summary>
/// <param name="Commit">The full commit.</param>
/// <param name="References">The branches and tags that mean this commit as far as the cache knows, sorted.</param>
/// <param name="Files">How many files of it are there.</param>
/// <param name="Size">The size of its files in bytes; revisions may share them.</param>
/// <param name="Usable">Whether it has what an answer needs: configuration, tokenizer, image preparation and weights.</param>
/// <param name="Folder">The full path of the snapshot folder.</param>
public sealed record HubCachedRevision(string Commit, IReadOnlyList<string> References, int Files, long Size, bool Usable, string Folder);
