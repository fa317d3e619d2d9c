using System.Text.Json;

namespace Blip.Files;

/// <summary>
/// The index of weights that are split into many files ("shards"), in the format of the transformers library. It is not trusted.
/// </summary>
internal sealed class ShardIndex
{
    private const string Suffix = ".index.json";

    // The published index of a 16 GB model has less than 100 kB.
    private const int MaxBytes = 25_000_000, MaxShards = 1024;

    private ShardIndex(IReadOnlyDictionary<string, string> shardOf) => (ShardOf, Shards) = (shardOf, [.. shardOf.Values.Distinct()]);

    /// <summary>For each tensor the file that holds it.</summary>
    public IReadOnlyDictionary<string, string> ShardOf { get; }

    /// <summary>The files: 1 to 1,024 plain names.</summary>
    public IReadOnlyCollection<string> Shards { get; }

    /// <summary>Whether a file with this name is an index of weights.</summary>
    public static bool IsIndex(string name) => name.EndsWith(Suffix, StringComparison.Ordinal);

    /// <summary>The index's name for a weight file's name: <c>model.safetensors.index.json</c> for <c>model.safetensors</c>.</summary>
    public static string NameFor(string weights) => weights + Suffix;

    /// <summary>Reads an index.</summary>
    /// <param name="directory">The model's folder.</param>
    /// <param name="name">The file's name: <c>model.safetensors.index.json</c> or <c>pytorch_model.bin.index.json</c>.</param>
    /// <returns><see langword="null"/> when there is no such file.</returns>
    /// <exception cref="BlipModelException">The file is not an index of weights, or names a file that it must not name.</exception>
    public static ShardIndex? Read(string directory, string name)
    {
        if (JsonFile.Read(directory, name, MaxBytes) is not { } root)
            return null;
        if (!root.TryGetProperty("weight_map", out JsonElement map) || map.ValueKind != JsonValueKind.Object)
            throw Invalid(name, "it has no weight_map");
        string extension = Path.GetExtension(name[..^Suffix.Length]);
        Dictionary<string, string> shardOf = new(StringComparer.Ordinal);
        HashSet<string> shards = new(StringComparer.Ordinal);
        foreach (JsonProperty entry in map.EnumerateObject())
        {
            string tensor = PlainFileName.Shown(entry.Name);
            string shard = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : "";
            if (!PlainFileName.IsPlain(shard))
                throw Invalid(name, $"it puts tensor {tensor} outside the model's folder, or not into a plain file name");
            if (!shard.EndsWith(extension, StringComparison.Ordinal))
                throw Invalid(name, $"it puts tensor {tensor} into {PlainFileName.Shown(shard)}, which is not a {extension} file");
            shardOf.Add(entry.Name, shard);
            if (shards.Add(shard) && shards.Count > MaxShards)
                throw Invalid(name, $"it names more than {MaxShards} files");
        }
        return shards.Count > 0 ? new ShardIndex(shardOf) : throw Invalid(name, "its weight_map is empty");
    }

    private static BlipModelException Invalid(string name, string defect) =>
        new($"{name} is not an index of weights: {defect}. Download the model again, from a source that you trust.");
}
