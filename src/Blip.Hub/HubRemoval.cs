namespace Blip.Hub;

/// <summary>What was removed from the cache. Immutable.</summary>
/// <param name="Id">The repository, <c>org/name</c> or <c>name</c>.</param>
/// <param name="Commits">The commits of the removed revisions.</param>
/// <param name="BytesFreed">The space that became free, in bytes.</param>
public sealed record HubRemoval(string Id, IReadOnlyList<string> Commits, long BytesFreed);
