using System.Text.Json;

namespace Blip.Checkpoints;

/// <summary>
/// Finds a checkpoint's weights: <c>model.safetensors</c>, else its shards by index, else <c>pytorch_model.bin</c>, else its shards.
/// </summary>
internal static class WeightFiles
{
    private const string Safetensors = "model.safetensors", Torch = "pytorch_model.bin", IndexSuffix = ".index.json";
    private const int MaxShards = 1024;

    /// <summary>Maps the files and reads their tables. The caller disposes the files, of which the list holds those opened even when this throws.</summary>
    public static Dictionary<string, CheckpointTensor> Open(string directory, List<MappedFile> files)
    {
        foreach (string name in (string[])[Safetensors, Torch])
        {
            if (File.Exists(Path.Combine(directory, name)))
                return ByName(Read(directory, name, files));
            if (JsonFile.Read(directory, name + IndexSuffix) is { } index)
                return ReadShards(directory, name + IndexSuffix, index, files);
        }
        throw new BlipModelException(BlipErrorCode.ModelNotFound,
            $"The model's folder has no weights: neither {Safetensors} nor {Torch}, whole or in shards. Give a folder with a complete Hugging Face checkpoint.");
    }

    private static Dictionary<string, CheckpointTensor> ReadShards(string directory, string indexName, JsonElement index, List<MappedFile> files)
    {
        if (!index.TryGetProperty("weight_map", out JsonElement map) || map.ValueKind != JsonValueKind.Object)
            throw new BlipModelException($"{indexName} has no weight_map. Download the file again.");
        Dictionary<string, string> shardOf = new(StringComparer.Ordinal);
        HashSet<string> shards = new(StringComparer.Ordinal);
        foreach (JsonProperty entry in map.EnumerateObject())
        {
            string shard = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : "";
            if (!FileNames.IsPlain(shard))
                throw new BlipModelException($"{indexName} puts tensor {FileNames.Shown(entry.Name)} outside the model's folder or under an impossible name; a plain file name without a path is allowed. Download the model from a source you trust.");
            shardOf.Add(entry.Name, shard);
            if (shards.Add(shard) && shards.Count > MaxShards)
                throw new BlipModelException($"{indexName} names more than {MaxShards} files. Download the file again.");
        }

        List<CheckpointTensor> tensors = [];
        foreach (string shard in shards)
            tensors.AddRange(Read(directory, shard, files));
        Dictionary<string, CheckpointTensor> byName = ByName(tensors);
        foreach ((string name, string shard) in shardOf)
        {
            if (!byName.TryGetValue(name, out CheckpointTensor? tensor) || tensor.File != shard)
                throw new BlipModelException($"{shard} lacks the tensor {FileNames.Shown(name)} that {indexName} promises. Download the model again.");
        }
        return byName;
    }

    private static List<CheckpointTensor> Read(string directory, string name, List<MappedFile> files)
    {
        MappedFile file = MappedFile.Open(directory, name);
        files.Add(file);
        return name.EndsWith(".bin", StringComparison.Ordinal) ? TorchFile.Read(file) : SafetensorsFile.Read(file);
    }

    private static Dictionary<string, CheckpointTensor> ByName(List<CheckpointTensor> tensors)
    {
        Dictionary<string, CheckpointTensor> byName = new(tensors.Count, StringComparer.Ordinal);
        foreach (CheckpointTensor tensor in tensors)
        {
            if (!byName.TryAdd(tensor.Name, tensor))
                throw new BlipModelException($"Tensor {FileNames.Shown(tensor.Name)} is in {byName[tensor.Name].File} and again in {tensor.File}. Download the model again.");
        }
        return byName;
    }
}
