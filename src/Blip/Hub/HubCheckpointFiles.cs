using System.Text.Json;

namespace Blip.Hub;

/// <summary>Which files of a repository make a checkpoint, and when a snapshot has enough of them.</summary>
internal static class HubCheckpointFiles
{
    public const string Config = "config.json";

    // The published index of a 16 GB model has under 100 kB; what is larger is not an index.
    private const int MaxIndexBytes = 25_000_000;
    private const int MaxShards = 1000;

    /// <summary>Everything but the weights. Older repositories lack some: the loader's defaults are right then.</summary>
    public static readonly string[] Small =
    [
        Config, "preprocessor_config.json", "processor_config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt",
        "special_tokens_map.json", "added_tokens.json", "generation_config.json",
    ];

    /// <summary>The forms of weights, best first; an index stands for the shards it names.</summary>
    public static readonly string[] Weights =
        ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"];

    public static bool IsIndex(string name) => name.EndsWith(".index.json", StringComparison.Ordinal);

    public static bool HasTokenizer(Func<string, bool> has) => has("tokenizer.json") || has("vocab.txt");

    /// <summary>
    /// Enough to answer: configuration, tokenizer, weights, and the picture's preparation unless the hub said there is none.
    /// </summary>
    public static bool IsUsable(string snapshot, Func<string, bool> knownAbsent)
    {
        bool Has(string name) => HubFileSystem.LengthOf(Path.Combine(snapshot, name)) is not null;
        return Has(Config) && HasTokenizer(Has)
            && (Has("preprocessor_config.json") || Has("processor_config.json") || (knownAbsent("preprocessor_config.json") && knownAbsent("processor_config.json")))
            && Weights.Any(form => Has(form) && (!IsIndex(form) || (TryReadShards(Path.Combine(snapshot, form)) is { } shards && shards.All(Has))));
    }

    /// <summary>The shards that an index names, each a plain file name.</summary>
    /// <exception cref="BlipModelException">The index is not one.</exception>
    public static IReadOnlyCollection<string> ReadShards(string path) =>
        TryReadShards(path) ?? throw new BlipModelException(
            $"{Path.GetFileName(path)} is not an index of weights: it is an object with a weight_map from tensors to plain file names (at most {MaxShards}). The repository is broken; tell its owner.");

    private static HashSet<string>? TryReadShards(string path)
    {
        try
        {
            if (HubFileSystem.LengthOf(path) is not <= MaxIndexBytes)
                return null;
            using JsonDocument index = JsonDocument.Parse(File.ReadAllBytes(path));
            if (index.RootElement.ValueKind != JsonValueKind.Object || !index.RootElement.TryGetProperty("weight_map", out JsonElement map)
                || map.ValueKind != JsonValueKind.Object)
                return null;
            string extension = path.EndsWith(Weights[1], StringComparison.Ordinal) ? ".safetensors" : ".bin";
            HashSet<string> shards = [];
            foreach (JsonProperty tensor in map.EnumerateObject())
            {
                if (tensor.Value.ValueKind != JsonValueKind.String || tensor.Value.GetString() is not { } shard || !IsPlainName(shard, extension))
                    return null;
                shards.Add(shard);
            }
            return shards.Count is > 0 and <= MaxShards ? shards : null;
        }
        // An InvalidOperationException: text that is not valid Unicode.
        catch (Exception e) when (e is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // Safe by POSIX and by Windows rules: no folder, drive, stream or device.
    private static bool IsPlainName(string name, string extension) =>
        name.Length <= 200 && name.EndsWith(extension, StringComparison.Ordinal) && name[0] is not ('.' or '-')
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') && !HubModelId.IsDevice(name);
}
