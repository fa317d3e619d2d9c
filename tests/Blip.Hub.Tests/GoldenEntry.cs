using System.Text.Json;
using Blip.Tests;

namespace Blip.Hub.Tests;

/// <summary>A file, folder or link of a cache.</summary>
internal sealed record GoldenEntry(string Path, string Kind, string? To, long? Size, string? Sha256, string? Text, string? BlobName)
{
    /// <summary>The entries of the cache that the Python client made.</summary>
    public static IReadOnlyList<GoldenEntry> ReadTree()
    {
        using JsonDocument tree = JsonDocument.Parse(File.ReadAllBytes(TestPaths.Golden("hub", "tree.json")));
        Dictionary<string, string> names = tree.RootElement.GetProperty("files").EnumerateObject()
            .ToDictionary(file => file.Value.GetProperty("sha256").GetString() ?? "", file => file.Name);
        string? Text(JsonElement entry, string key) => entry.TryGetProperty(key, out JsonElement value) ? value.GetString() : null;
        return
        [
            .. tree.RootElement.GetProperty("tree").EnumerateArray().Select(entry => new GoldenEntry(
                Text(entry, "path") ?? "", Text(entry, "kind") ?? "", Text(entry, "to"),
                entry.TryGetProperty("size", out JsonElement size) ? size.GetInt64() : null, Text(entry, "sha256"), Text(entry, "text"),
                Text(entry, "sha256") is { } hash ? names.GetValueOrDefault(hash) : null)),
        ];
    }

    /// <summary>The entries of a cache folder.</summary>
    public static IReadOnlyList<GoldenEntry> Read(string cache)
    {
        EnumerationOptions everything = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None };
        return [.. new DirectoryInfo(cache).EnumerateFileSystemInfos("*", everything).Select(info => Describe(cache, info))];
    }

    private static GoldenEntry Describe(string cache, FileSystemInfo info)
    {
        string path = System.IO.Path.GetRelativePath(cache, info.FullName).Replace('\\', '/');
        return info switch
        {
            { LinkTarget: { } target } => new GoldenEntry(path, "link", target.Replace('\\', '/'), null, null, null, null),
            FileInfo file => new GoldenEntry(
                path, "file", null, file.Length, HubServer.Sha256(File.ReadAllBytes(file.FullName)), null, null),
            _ => new GoldenEntry(path, "dir", null, null, null, null, null),
        };
    }
}
