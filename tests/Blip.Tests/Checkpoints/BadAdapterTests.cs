using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Blip.Checkpoints;
using Xunit;

namespace Blip.Tests.Checkpoints;

/// <summary>Adapters that are broken, hostile, or not merged: each is one clear error.</summary>
public sealed class BadAdapterTests : IDisposable
{
    private const string Query = "base_model.model.text_encoder.encoder.layer.0.attention.self.query";

    private readonly TempFolder _temp = new();

    public static TheoryData<string, string, string> Configurations => new()
    {
        { "peft_type", "\"LOHA\"", "peft_type in adapter_config.json is not supported: it is LOHA" },
        { "peft_type", "null", "peft_type in adapter_config.json cannot be used: it is missing" },
        { "use_dora", "true", "use_dora in adapter_config.json is not supported" },
        { "lora_bias", "true", "lora_bias in" },
        { "target_parameters", "[\"x\"]", "target_parameters in" },
        { "trainable_token_indices", "[1]", "trainable_token_indices in" },
        { "exclude_modules", "[\"query\"]", "exclude_modules in adapter_config.json is not supported" },
        { "exclude_modules", "\".*layer.0.*\"", "exclude_modules in adapter_config.json is not supported" },
        { "layers_to_transform", "[0]", "layers_to_transform in adapter_config.json is not supported" },
        { "layers_to_transform", "0", "layers_to_transform in adapter_config.json is not supported" },
        { "layers_pattern", "\"layer\"", "layers_pattern in adapter_config.json is not supported" },
        { "init_lora_weights", "\"pissa_niter_4\"", "pissa_niter_4 changes the base model's weights too" },
        { "r", "5", "has the shape [4, 32], but rank 5 and the base model's [32, 32] ask for [5, 32]" },
        { "r", "2000000000", "r in adapter_config.json cannot be used: it is 2000000000" },
        { "r", "0", "r in adapter_config.json cannot be used: it is 0" },
        { "lora_alpha", "\"much\"", "lora_alpha in" },
        { "lora_alpha", "1e300", "lora_alpha in" },
        { "rank_pattern", "{\"query\":3}", "rank 3" },
        { "rank_pattern", "{\"que(ry\":3}", "is not a regular expression" },
        { "rank_pattern", "{\"(.*.*.*.*.*.*.*.*.*.*.*)*x\":3}", "takes too long to match" },
        { "target_modules", "[\"key\"]", "which target_modules in adapter_config.json does not name" },
        { "target_modules", "\".*\\\\.value\"", "which target_modules in adapter_config.json does not name" },
        { "target_modules", "[1]", "it is not a list of texts" },
        { "modules_to_save", "[\"post_layernorm\"]", "lacks the module post_layernorm" },
    };

    public static TheoryData<string, string> Weights => new()
    {
        { "no B", "has only one of text_encoder.encoder.layer.0.attention.self.query.lora_A.weight" },
        { "no A", "has only one of text_encoder.encoder.layer.0.attention.self.query" },
        { "nothing", "has no LoRA weights" },
        { "NaN", "has NaN or infinity" },
        { "infinity", "has NaN or infinity" },
        { "unknown module", "which the base model does not have" },
        { "no prefix", "does not begin with base_model.model." },
        { "wrong width", "has the shape [4, 16], but rank 4" },
        { "magnitude", "is part of an adapter that cannot be merged" },
        { "unknown bias", "which the base model does not have" },
        { "bias of another width", "has the shape [5]; the base model has [32]" },
        { "shared embeddings", "the word embeddings and the answer head share it" },
    };

    public void Dispose() => _temp.Dispose();

    [Theory]
    [MemberData(nameof(Configurations))]
    public void Configuration_NotMerged_IsNamed(string key, string value, string says)
    {
        string adapter = Copy(), path = Path.Combine(adapter, "adapter_config.json");
        JsonNode config = JsonNode.Parse(File.ReadAllText(path))!;
        config[key] = JsonNode.Parse(value);
        File.WriteAllText(path, config.ToJsonString());
        Assert.Contains(says, Refused(adapter), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exclude_modules", "null")]
    [InlineData("exclude_modules", "[]")]
    [InlineData("exclude_modules", "\"\"")]
    [InlineData("layers_to_transform", "null")]
    [InlineData("layers_to_transform", "[]")]
    [InlineData("layers_pattern", "[]")]
    [InlineData("layers_pattern", "\"\"")]
    public void Configuration_KeyThatIsNotSet_IsMerged(string key, string value)
    {
        string adapter = Copy(), path = Path.Combine(adapter, "adapter_config.json");
        JsonNode config = JsonNode.Parse(File.ReadAllText(path))!;
        config[key] = JsonNode.Parse(value);
        File.WriteAllText(path, config.ToJsonString());
        Checkpoint.Open(GoldenModels.Folder("base"), new CheckpointOptions { AdapterDirectory = adapter }).Dispose();
    }

    [Theory]
    [MemberData(nameof(Weights))]
    public void Weights_Broken_AreOneError(string defect, string says)
    {
        string adapter = Copy(), path = Path.Combine(adapter, "adapter_model.safetensors");
        Dictionary<string, (long[] Shape, float[] Values)> tensors = GoldenModels.Expected("lora", "adapter_model.safetensors")
            .ToDictionary(pair => pair.Key, pair => (pair.Key.Contains("lora_A", StringComparison.Ordinal)
                ? new long[] { 4, 32 } : [32, 4], pair.Value));
        Break(tensors, defect);
        using (FileStream file = File.Create(path))
        {
            SafetensorsWriter.Write(file, [.. tensors.Select(pair => new SafetensorsEntry(
                pair.Key, "F32", pair.Value.Shape, pair.Value.Values.Length * sizeof(float),
                stream => stream.Write(MemoryMarshal.AsBytes<float>(pair.Value.Values))))]);
        }
        Assert.Contains(says, Refused(adapter), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("adapter_model.safetensors", "has no adapter_model.safetensors and no adapter_model.bin")]
    [InlineData("adapter_config.json", "has no adapter_config.json")]
    public void FileMissing_IsNamed(string name, string says)
    {
        string adapter = Copy();
        File.Delete(Path.Combine(adapter, name));
        Assert.Contains(says, Refused(adapter), StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_CutOff_AreOneError()
    {
        string adapter = Copy(), path = Path.Combine(adapter, "adapter_model.safetensors");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^100]);
        Assert.Contains("truncated", Refused(adapter), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Locate_AdapterAndItsBase_AreFoundOrNamed()
    {
        string adapter = Copy(), whole = GoldenModels.Folder("base"), inHub = TestPaths.Golden("easy-vqa", "adapter");
        ModelLocator locator = new(new Hub.HubOptions { CacheFolder = _temp.Path, Offline = true }, null, null);
        Assert.Equal(new ModelFolders(whole, adapter), await Find(adapter, whole));
        Assert.Equal(new ModelFolders(whole, null), await Find(whole, null));
        Assert.EndsWith(Path.Combine("models", "demo"), (await Find(inHub, null)).Model, StringComparison.Ordinal);
        await AssertRefused(adapter, null, $"The adapter {adapter} needs its base model org/base. 'org/base' is not complete in the cache");
        await AssertRefused(adapter, "/no such folder", "There is no folder /no such folder");
        await AssertRefused(adapter, adapter, "is an adapter itself");
        await AssertRefused(whole, whole, "is a whole model, not an adapter");

        Task<ModelFolders> Find(string model, string? baseModel) =>
            locator.FindAsync(model, baseModel, TestContext.Current.CancellationToken);

        async Task AssertRefused(string model, string? baseModel, string says) => Assert.Contains(
            says, (await Assert.ThrowsAnyAsync<BlipException>(() => Find(model, baseModel))).Message, StringComparison.Ordinal);
    }

    private static void Break(Dictionary<string, (long[] Shape, float[] Values)> tensors, string defect)
    {
        const string A = Query + ".lora_A.weight", B = Query + ".lora_B.weight", Model = "base_model.model.";
        switch (defect)
        {
            case "no B": tensors.Remove(B); break;
            case "no A": tensors.Remove(A); break;
            case "nothing": tensors.Clear(); tensors.Add(Model + "vision_model.post_layernorm.bias", ([32], new float[32])); break;
            case "NaN": tensors[A].Values[77] = float.NaN; break;
            case "infinity": tensors[B].Values[7] = float.NegativeInfinity; break;
            case "unknown module":
                tensors.Add(A.Replace("layer.0", "layer.9", StringComparison.Ordinal), tensors[A]);
                tensors.Add(B.Replace("layer.0", "layer.9", StringComparison.Ordinal), tensors[B]);
                break;
            case "no prefix": tensors.Add("text_encoder.x.lora_A.weight", tensors[A]); break;
            case "wrong width": tensors[A] = ([4, 16], new float[64]); break;
            case "magnitude": tensors.Add(Query + ".lora_magnitude_vector", ([32], new float[32])); break;
            case "unknown bias": tensors.Add(Model + "text_encoder.pooler.bias", ([32], new float[32])); break;
            case "bias of another width": tensors.Add(Query + ".base_layer.bias", ([5], new float[5])); break;
            case "shared embeddings":
                tensors.Add(Model + "text_decoder.bert.embeddings.word_embeddings.weight", ([536, 32], new float[536 * 32]));
                break;
            default: throw new ArgumentOutOfRangeException(nameof(defect), defect, null);
        }
    }

    private static string Refused(string adapter)
    {
        BlipModelException exception = Assert.Throws<BlipModelException>(
            () => Checkpoint.Open(GoldenModels.Folder("base"), new CheckpointOptions { AdapterDirectory = adapter }));
        Assert.DoesNotContain('\n', exception.Message);
        Assert.DoesNotContain(adapter, exception.Message, StringComparison.Ordinal);
        return exception.Message;
    }

    private string Copy() => _temp.Copy(GoldenModels.Folder("lora"), "adapter");
}
