namespace Blip.Hub;

/// <summary>What was removed from the cache. Immutable.</summary>
/// <param name="Id">The repository, <c>org/name</c> or <c>name</c>.</param>
/// <param name="Commits">The revisions that are gone.</param>
/// <param name="BytesFreed">The room that became free, in bytes.</param>
public sealed record HubRemoval(string Id, IReadOnlyList<string> Commits, long BytesFreed);
