using System.Text.Json;
using Blip.Files;
using Blip.Hub;

namespace Blip.Checkpoints;

/// <summary>
/// A LoRA adapter's adapter_config.json, as PEFT writes it: which base model it belongs to, and how it is merged into it. The file is not
/// trusted. What PEFT would do and Blip does not is an error that names it.
/// </summary>
internal sealed class AdapterConfig
{
    public const string FileName = HubCheckpointFiles.AdapterConfig;

    private const int MostRanks = 65_536;

    /// <summary>Keys that change more than a product of two matrices does, or fewer modules, where they are set.</summary>
    private static readonly string[] Unmerged =
    [
        "use_dora", "use_qalora", "use_bdlora", "lora_bias", "layer_replication", "target_parameters", "trainable_token_indices",
        "alora_invocation_tokens", "arrow_config", "kasa_config", "velora_config", "monteclora_config", "exclude_modules",
        "layers_to_transform", "layers_pattern",
    ];

    /// <summary>Initialisations that leave the base model's weights as they are. Others, such as PiSSA, do not.</summary>
    private static readonly string[] PlainStarts = ["gaussian", "eva", "orthogonal"];

    private readonly double _alpha;
    private readonly bool _isRankStabilized;
    private readonly ModulePatterns _ranks, _alphas;
    private readonly Func<string, bool>? _isTarget;

    private AdapterConfig(ConfigSection config, JsonElement root)
    {
        if (config.Text("peft_type") is not { } type)
            throw config.Invalid("peft_type", "it is missing");
        if (type != "LORA")
            throw Unsupported("peft_type", $"it is {PlainFileName.Shown(type)}, but Blip merges only LORA");
        foreach (string key in Unmerged)
        {
            if (config.Find(key) is { } value && IsSet(value))
                throw Unsupported(key, "an adapter with it cannot be merged");
        }
        if (config.Find("init_lora_weights") is { ValueKind: JsonValueKind.String } start && !PlainStarts.Contains(start.GetString()))
        {
            throw Unsupported("init_lora_weights",
                $"{PlainFileName.Shown(start.GetString()!)} changes the base model's weights too");
        }
        Text = root.GetRawText();
        (Rank, _alpha) = (config.Int("r", 8, 1, MostRanks), Alpha(config, "lora_alpha") ?? 8);
        _isRankStabilized = config.Bool("use_rslora", false);
        _ranks = new ModulePatterns(config, "rank_pattern", (section, key) => section.Int(key, 0, 1, MostRanks));
        _alphas = new ModulePatterns(config, "alpha_pattern", (section, key) => Alpha(section, key) ?? 0);
        _isTarget = ModulePatterns.ReadTargets(config, "target_modules");
        SavedModules = config.Texts("modules_to_save");
        (BaseModel, BaseRevision) = (config.Text("base_model_name_or_path"), config.Text("revision"));
    }

    /// <summary>The file's content.</summary>
    public string Text { get; }

    /// <summary>What the adapter calls its base model: a hub id, a folder on the machine where it was trained, or <c>demo</c>.</summary>
    public string? BaseModel { get; }

    /// <summary>The branch, tag or commit of the base model.</summary>
    public string? BaseRevision { get; }

    /// <summary>The rank of modules for which no pattern gives another.</summary>
    public int Rank { get; }

    /// <summary>The names of modules that are stored whole, as they end.</summary>
    public IReadOnlyList<string> SavedModules { get; }

    /// <summary>Whether a folder holds an adapter and no whole model.</summary>
    public static bool IsIn(string directory) => File.Exists(Path.Combine(directory, FileName)) && !WeightFiles.AreIn(directory);

    /// <exception cref="BlipModelException">The file is missing or broken, or asks for what Blip does not merge.</exception>
    public static AdapterConfig Read(string directory)
    {
        JsonElement root = JsonFile.Read(directory, FileName)
            ?? throw BlipModelException.NotFound($"The adapter's folder has no {FileName}. Give the whole folder that PEFT saved.");
        return new AdapterConfig(new ConfigSection(FileName, "", root), root);
    }

    /// <summary>The rank of a module.</summary>
    /// <param name="module">Its path in the base model.</param>
    public int RankOf(string module) => (int)(_ranks.Find(module) ?? Rank);

    /// <summary>What a module's product is multiplied by: alpha / rank, or alpha / √rank with rank stabilisation.</summary>
    /// <param name="module">Its path in the base model.</param>
    public float ScaleOf(string module)
    {
        double alpha = _alphas.Find(module) ?? _alpha;
        int rank = RankOf(module);
        return (float)(alpha / (_isRankStabilized ? Math.Sqrt(rank) : rank));
    }

    /// <summary>Whether <c>target_modules</c> names a module.</summary>
    /// <param name="module">Its path in the base model.</param>
    public bool IsTarget(string module) => _isTarget?.Invoke(module) ?? true;

    private static BlipModelException Unsupported(string key, string finding) => new(
        $"{key} in {FileName} is not supported: {finding}. Merge the adapter with PEFT (merge_and_unload), and give the merged model.");

    private static double? Alpha(ConfigSection section, string key)
    {
        if (section.Find(key) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double alpha) && Math.Abs(alpha) < 1e9
            ? alpha : throw section.Invalid(key, "it is not a number below 1e9");
    }

    private static bool IsSet(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.False or JsonValueKind.Null => false,
        JsonValueKind.Array => value.GetArrayLength() > 0,
        JsonValueKind.Object => value.EnumerateObject().Any(),
        JsonValueKind.String => value.GetString() is { Length: > 0 },
        _ => true,
    };
}
