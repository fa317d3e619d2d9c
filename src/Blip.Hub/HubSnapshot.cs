namespace Blip.Hub;

/// <summary>Tells where the files of a model's folder came from.</summary>
internal static class HubSnapshot
{
    /// <summary>How to repair a damaged file in a folder, as a sentence; null where the folder is not in the hub's cache.</summary>
    public static string? Remedy(string folder) =>
        new DirectoryInfo(folder) is { Parent: { Name: "snapshots", Parent: { } repository } } snapshot
        && HubModelId.IsCommit(snapshot.Name) && HubModelId.FromFolder(repository.Name) is { } model
            ? $"`blip models verify {model}@{snapshot.Name}` finds damaged files and downloads them again." : null;
}
