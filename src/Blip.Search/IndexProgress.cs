namespace Blip.Search;

/// <summary>The progress of indexing a folder.</summary>
/// <param name="Done">Files that were checked.</param>
/// <param name="Total">All files of the folder with the ending of an image.</param>
/// <param name="Encoded">Images that were encoded: the others were known, also under another name.</param>
/// <param name="Failed">Files that cannot be read as images.</param>
/// <param name="Removed">Files of the index that are no longer in the folder.</param>
/// <param name="Elapsed">The time since the start.</param>
public sealed record IndexProgress(int Done, int Total, int Encoded, int Failed, int Removed, TimeSpan Elapsed);
