namespace Blip.Search;

/// <summary>How far the indexing of a folder has come.</summary>
/// <param name="Done">Files that are looked through.</param>
/// <param name="Total">All files of the folder that end as images do.</param>
/// <param name="Encoded">Images that were encoded: the others were known, also under another name.</param>
/// <param name="Failed">Files that cannot be read as images.</param>
/// <param name="Removed">Files of the index that are gone from the folder.</param>
/// <param name="Elapsed">The time since the indexing began.</param>
public sealed record IndexProgress(int Done, int Total, int Encoded, int Failed, int Removed, TimeSpan Elapsed);
