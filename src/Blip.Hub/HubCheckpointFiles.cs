using Blip.Files;

namespace Blip.Hub;

/// <summary>Which files of a repository belong to a checkpoint, and when a snapshot has enough of them.</summary>
internal static class HubCheckpointFiles
{
    public const string Config = "config.json";

    /// <summary>All files except the weights. Older repositories lack some of them; the loader's defaults are right there.</summary>
    public static readonly string[] Small =
    [
        Config, "preprocessor_config.json", "processor_config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt",
        "special_tokens_map.json", "added_tokens.json", "generation_config.json",
    ];

    /// <summary>The forms of weights, the best first. An index stands for the shards that it names.</summary>
    public static readonly string[] Weights =
        ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"];

    /// <summary>What a repository has in place of <see cref="Config"/> that holds an adapter, a part of a model.</summary>
    public const string AdapterConfig = "adapter_config.json";

    /// <summary>The forms of an adapter's weights, the best first.</summary>
    public static readonly string[] AdapterWeights = ["adapter_model.safetensors", "adapter_model.bin"];

    public static bool HasTokenizer(Func<string, bool> has) => has("tokenizer.json") || has("vocab.txt");

    /// <summary>
    /// Whether a snapshot has enough files to answer questions: the configuration, a tokenizer, the weights, and the settings of the
    /// image preprocessing. The last may be missing when the hub said that the repository has none. An adapter has a configuration and
    /// weights.
    /// </summary>
    public static bool IsUsable(string snapshot, Func<string, bool> knownAbsent)
    {
        bool Has(string name) => HubFileSystem.LengthOf(Path.Combine(snapshot, name)) is not null;
        if (!Has(Config) && Has(AdapterConfig))
            return AdapterWeights.Any(Has);
        return Has(Config) && HasTokenizer(Has)
            && (Has("preprocessor_config.json") || Has("processor_config.json")
                || (knownAbsent("preprocessor_config.json") && knownAbsent("processor_config.json")))
            && Weights.Any(form => Has(form) && (!ShardIndex.IsIndex(form) || HasShards(snapshot, form, Has)));
    }

    /// <summary>The shards that an index names, each a plain file name.</summary>
    /// <exception cref="BlipModelException">The file is not an index of weights.</exception>
    public static IReadOnlyCollection<string> ReadShards(string snapshot, string index) => ShardIndex.Read(snapshot, index)?.Shards ?? [];

    private static bool HasShards(string snapshot, string index, Func<string, bool> has)
    {
        try
        {
            return ReadShards(snapshot, index).All(has);
        }
        catch (BlipModelException)
        {
            // The file is not an index. The download reports that.
            return false;
        }
    }
}
