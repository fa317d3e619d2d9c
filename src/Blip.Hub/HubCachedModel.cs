namespace Blip.Hub;

/// <summary>A model in the cache. Immutable.</summary>
/// <param name="Id">The repository, <c>org/name</c> or <c>name</c>.</param>
/// <param name="SizeOnDisk">What it takes on the disk in bytes: shared files once, and parts of unfinished downloads.</param>
/// <param name="Revisions">Its revisions, by commit.</param>
public sealed record HubCachedModel(string Id, long SizeOnDisk, IReadOnlyList<HubCachedRevision> Revisions)
{
    /// <summary>Whether any revision can answer without a download.</summary>
    public bool Usable => Revisions.Any(revision => revision.Usable);
}
