using Blip.Files;

namespace Blip.Checkpoints;

/// <summary>
/// Finds a checkpoint's weights: <c>model.safetensors</c>, else its shards by index, else <c>pytorch_model.bin</c>, else its shards.
/// </summary>
internal static class WeightFiles
{
    public const string Safetensors = "model.safetensors", Torch = "pytorch_model.bin";

    /// <summary>The end of a name that the weights of every architecture have once.</summary>
    private const string Known = "vision_model.embeddings.class_embedding";

    /// <summary>Whether a folder has weights of a whole model.</summary>
    public static bool AreIn(string directory) => Array.Exists(
        (string[])[Safetensors, Torch, ShardIndex.NameFor(Safetensors), ShardIndex.NameFor(Torch)],
        name => File.Exists(Path.Combine(directory, name)));

    /// <summary>Maps the files and reads their tables.</summary>
    /// <param name="directory">The model's folder.</param>
    /// <param name="files">Gets the files that were opened, even when this throws. The caller disposes them.</param>
    public static Dictionary<string, CheckpointTensor> Open(string directory, List<MappedFile> files)
    {
        foreach (string name in (string[])[Safetensors, Torch])
        {
            if (ModelFile.Exists(directory, name))
                return WithoutPrefix(ByName(Read(directory, name, files)));
            if (ShardIndex.Read(directory, ShardIndex.NameFor(name)) is { } index)
                return WithoutPrefix(ReadShards(directory, ShardIndex.NameFor(name), index, files));
        }
        throw BlipModelException.NotFound(
            $"The model's folder has no weights: neither {Safetensors} nor {Torch}, whole or in shards. " +
            (ForeignWeights.Describe(directory) ?? "Give a folder with a complete Hugging Face checkpoint."));
    }

    /// <summary>
    /// The tensors under their own names: training programs put one prefix before all, such as <c>module.</c>, <c>_orig_mod.</c> or
    /// <c>base_model.model.</c> What stands before <see cref="Known"/> shows it.
    /// </summary>
    private static Dictionary<string, CheckpointTensor> WithoutPrefix(Dictionary<string, CheckpointTensor> tensors)
    {
        string prefix = tensors.Keys.FirstOrDefault(name => name.EndsWith(Known, StringComparison.Ordinal))?[..^Known.Length] ?? "";
        if (prefix.Length == 0 || !tensors.Keys.All(name => name.StartsWith(prefix, StringComparison.Ordinal)))
            return tensors;
        return ByName([.. tensors.Values.Select(tensor => tensor.Named(tensor.Name[prefix.Length..]))]);
    }

    private static Dictionary<string, CheckpointTensor> ReadShards(
        string directory, string indexName, ShardIndex index, List<MappedFile> files)
    {
        List<CheckpointTensor> tensors = [];
        foreach (string shard in index.Shards)
            tensors.AddRange(Read(directory, shard, files));
        Dictionary<string, CheckpointTensor> byName = ByName(tensors);
        foreach ((string name, string shard) in index.ShardOf)
        {
            if (!byName.TryGetValue(name, out CheckpointTensor? tensor) || tensor.File != shard)
            {
                throw new BlipModelException(
                    $"{shard} lacks the tensor {PlainFileName.Shown(name)}, which {indexName} says is there. Download the model again.");
            }
        }
        return byName;
    }

    /// <summary>Maps one file and reads its table.</summary>
    public static List<CheckpointTensor> Read(string directory, string name, List<MappedFile> files)
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
            {
                throw new BlipModelException(
                    $"Tensor {PlainFileName.Shown(tensor.Name)} is in {byName[tensor.Name].File} and again in {tensor.File}. " +
                    "Download the model again.");
            }
        }
        return byName;
    }
}
