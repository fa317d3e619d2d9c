namespace Blip.Search;

/// <summary>Which folders are searched. Bound from the section <c>Blip</c> of the configuration: <c>Blip:SearchFolders</c>.</summary>
public sealed class BlipSearchOptions
{
    /// <summary>
    /// The folders whose images callers may find and read, with their subfolders: full paths. Their indexes are where <c>blip index</c>
    /// puts them. Empty by default: nothing is searched.
    /// </summary>
    public IReadOnlyList<string> SearchFolders { get; set; } = [];
}
