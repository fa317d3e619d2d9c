namespace Blip.Hub;

/// <summary>A model in the cache. Immutable.</summary>
/// <param name="Id">The repository, <c>org/name</c> or <c>name</c>.</param>
/// <param name="SizeOnDisk">
/// The bytes that it uses on the disk. A file that revisions share counts once; parts of unfinished downloads count, too.
/// </param>
/// <param name="Revisions">Its revisions, sorted by commit.</param>
public sealed record HubCachedModel(string Id, long SizeOnDisk, IReadOnlyList<HubCachedRevision> Revisions)
{
    /// <summary>Whether at least one revision is complete enough to answer questions without a download.</summary>
    public bool Usable => Revisions.Any(revision => revision.Usable);
}
