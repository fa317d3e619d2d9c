using System.Runtime.InteropServices;
using System.Text.Json;
using Blip.Checkpoints;
using Blip.Tests.Checkpoints;
using Xunit;
using static Blip.Tests.GoldenModels;

namespace Blip.Tests.Networks;

/// <summary>LoRA adapters against PEFT, which merged them.</summary>
public sealed class LoraTests : IDisposable
{
    private const float LogProbability = 1e-3f;

    private static readonly string EasyVqa = TestPaths.Golden("easy-vqa");

    private readonly TempFolder _cache = new();

    public static TheoryData<string> Adapters => ["lora", "lora-regex", "lora-rs", "lora-saved"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _cache.Dispose();

    [Theory]
    [MemberData(nameof(Adapters))]
    public async Task Answers_EveryCase_AreThoseOfTheModelThatPeftMerged(string adapter)
    {
        await using BlipModel model = await LoadAsync(Folder(adapter), Folder("base"));
        Assert.Equal(adapter, model.Info.Name);
        IReadOnlyList<GoldenCase> cases = Cases(adapter);
        Assert.InRange(cases.Count, 20, 30);
        foreach (GoldenCase c in cases)
        {
            Answer answer = await model.AskAsync(BlipImage.FromFile(ImagePath(c.Image)), c.Question, cancellationToken: Stop);
            Assert.Equal(c.TokenIds, answer.TokenIds);
            for (int i = 0; i < answer.TokenLogProbabilities.Count; i++)
                Assert.Equal(c.TokenLogProbabilities[i], answer.TokenLogProbabilities[i], LogProbability);
        }
    }

    [Fact]
    public void Open_Adapter_ChangesWhatItNamesAndLeavesTheRestMapped()
    {
        using Checkpoint whole = Checkpoint.Open(Folder("base")), merged = Open(Folder("lora"));
        string[] changed = [.. merged.Tensors.Values.Where(tensor => !tensor.IsInPlaceFloat32).Select(tensor => tensor.Name).Order()];
        Assert.Equal(16, changed.Length);
        Assert.All(changed, name => Assert.Matches(@"attention\.self\.(query|value)\.weight$", name));
        Assert.All(changed, name => Assert.NotEqual(whole.Tensors[name].Copy(), merged.Tensors[name].Copy()));
        Assert.Equal(["model.safetensors", "adapter_model.safetensors"], merged.Files.Select(file => file.Name));
    }

    [Fact]
    public void Open_AdapterThatTorchSaved_IsTheSameModel()
    {
        string adapter = _cache.Copy(Folder("lora"), "torch");
        using Checkpoint safetensors = Open(Folder("lora")), original = Checkpoint.Open(Folder("base"));
        Dictionary<string, float[]> stored = Expected("lora", "adapter_model.safetensors");
        byte[] torch = TorchFiles.Legacy(
            [.. TorchFiles.Dictionary(stored.Select(t => (t.Key, TorchFiles.Tensor(t.Key, "FloatStorage", Shape(t.Key)))))],
            [.. stored.Select(t => (t.Key, t.Value.LongLength, MemoryMarshal.AsBytes<float>(t.Value).ToArray()))]);
        File.WriteAllBytes(Path.Combine(adapter, "adapter_model.bin"), torch);
        File.Delete(Path.Combine(adapter, "adapter_model.safetensors"));
        using Checkpoint merged = Checkpoint.Open(Folder("base"), new CheckpointOptions { AdapterDirectory = adapter });
        Assert.Equal(safetensors.ComputeDigest(), merged.ComputeDigest());
        Assert.NotEqual(original.ComputeDigest(), merged.ComputeDigest());
        Assert.Equal("adapter_model.bin", merged.Files[^1].Name);

        static int[] Shape(string name) => name.Contains("lora_A", StringComparison.Ordinal) ? [4, 32] : [32, 4];
    }

    /// <summary>One element of one module by the definition: W + alpha / r · B A.</summary>
    [Theory]
    [InlineData("lora", "text_encoder.encoder.layer.0.attention.self.query", 4, 8.0 / 4)]
    [InlineData("lora-rs", "vision_model.encoder.layers.0.mlp.fc1", 3, 16 / 1.7320508075688772)]
    [InlineData("lora-rs", "vision_model.encoder.layers.1.self_attn.qkv", 6, 4 / 2.449489742783178)]
    public void Merge_OneModule_IsTheDefinition(string adapter, string module, int rank, double scale)
    {
        using Checkpoint whole = Checkpoint.Open(Folder("base")), merged = Open(Folder(adapter));
        Dictionary<string, float[]> stored = Expected(adapter, "adapter_model.safetensors");
        float[] a = stored[$"base_model.model.{module}.lora_A.weight"], b = stored[$"base_model.model.{module}.lora_B.weight"];
        float[] weight = whole.Tensors[module + ".weight"].Copy(), found = merged.Tensors[module + ".weight"].Copy();
        int inputs = a.Length / rank;
        for (int i = 0; i < weight.Length; i++)
        {
            double product = Enumerable.Range(0, rank).Sum(k => b[(i / inputs * rank) + k] * (double)a[(k * inputs) + (i % inputs)]);
            Assert.Equal(weight[i] + (scale * product), found[i], 1e-6);
        }
    }

    [Fact]
    public void Digest_IsThatOfTheMergedModel()
    {
        using Checkpoint whole = Checkpoint.Open(Folder("base")), one = Open(Folder("lora")), other = Open(Folder("lora-rs"));
        Assert.Equal(3, new HashSet<string> { whole.ComputeDigest(), one.ComputeDigest(), other.ComputeDigest() }.Count);

        string weights = Path.Combine(_cache.Copy(Folder("base"), "merged"), "model.safetensors");
        using (FileStream file = File.Create(weights))
        {
            SafetensorsWriter.Write(file, [.. one.Tensors.Values.DistinctBy(tensor => tensor.Name).Select(tensor => new SafetensorsEntry(
                tensor.Name, "F32", tensor.Shape, tensor.ElementCount * sizeof(float),
                stream => stream.Write(MemoryMarshal.AsBytes<float>(tensor.Copy()))))]);
        }
        using Checkpoint saved = Checkpoint.Open(Path.GetDirectoryName(weights)!);
        Assert.Equal(saved.ComputeDigest(), one.ComputeDigest());
    }

    /// <summary>Kept int8 weights are those of the merged model, and another alpha alone makes another model.</summary>
    [Fact]
    public async Task Int8_BaseAndAdaptersInTurn_AreNotMistaken()
    {
        string adapter = _cache.Copy(Path.Combine(EasyVqa, "adapter"), "adapter"), config = Path.Combine(adapter, "adapter_config.json");
        float[] whole = await AskAsync(BlipModel.DemoModel), merged = await AskAsync(adapter);
        Assert.NotEqual(whole, merged);
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"lora_alpha\": 16", "\"lora_alpha\": 8", StringComparison.Ordinal));
        float[] halved = await AskAsync(adapter);
        Assert.NotEqual(merged, halved);
        Assert.Equal(halved, await AskAsync(adapter));
        Assert.Equal(whole, await AskAsync(BlipModel.DemoModel));

        async Task<float[]> AskAsync(string name)
        {
            BlipOptions options = new()
            {
                Model = name, Device = BlipDevice.Cpu, Precision = BlipPrecision.Int8, CacheDirectory = _cache.Path,
            };
            await using BlipModel model = await BlipModel.LoadAsync(options, cancellationToken: Stop);
            BlipImage image = BlipImage.FromFile(Path.Combine(EasyVqa, "images", "0.png"));
            return [.. (await model.AskAsync(image, "what color is the shape?", cancellationToken: Stop)).TokenLogProbabilities];
        }
    }

    /// <summary>A real fine-tune; its base model is called demo, which is the one that is part of Blip.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task EasyVqa_IdsAreThoseOfTheModelThatPeftMerged()
    {
        // The whole data set lies elsewhere: tests/long/easy-vqa.sh.
        string? whole = Environment.GetEnvironmentVariable("BLIP_EASY_VQA");
        string folder = whole ?? EasyVqa, images = whole is null ? Path.Combine(EasyVqa, "images") : Path.Combine(whole, "test", "images");
        JsonElement[] rows =
            [.. File.ReadLines(Path.Combine(folder, "predictions.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)];
        rows = rows[..TestScale.Of(rows.Length)];
        await using BlipModel model = await LoadAsync(Path.Combine(EasyVqa, "adapter"), null);
        IEnumerable<AskItem> items = rows.Select(row => AskItem.FromFile(
            Path.Combine(images, row.GetProperty("image").GetInt32() + ".png"), row.GetProperty("question").GetString()!));
        int equal = 0, right = 0;
        await foreach (AskOutcome outcome in model.AskEachAsync(items, cancellationToken: Stop))
        {
            JsonElement row = rows[(int)outcome.Index];
            Answer answer = outcome.Answers[0].Answer!;
            equal += row.GetProperty("token_ids").EnumerateArray().Select(id => id.GetInt32()).SequenceEqual(answer.TokenIds) ? 1 : 0;
            right += row.GetProperty("truth").GetString() == answer.Text ? 1 : 0;
        }
        TestContext.Current.SendDiagnosticMessage($"easy-VQA: {equal} of {rows.Length} answers equal, {right} right");
        Assert.True(equal >= 0.999 * rows.Length, $"{equal} of {rows.Length} answers equal those of transformers");
        int expected = rows.Count(row => row.GetProperty("truth").GetString() == row.GetProperty("answer").GetString());
        Assert.InRange(right, expected - (0.001 * rows.Length), expected + (0.001 * rows.Length));
    }

    private static Checkpoint Open(string adapter) =>
        Checkpoint.Open(Folder("base"), new CheckpointOptions { AdapterDirectory = adapter });

    private static Task<BlipModel> LoadAsync(string adapter, string? baseModel) => BlipModel.LoadAsync(
        new BlipOptions { Model = adapter, BaseModel = baseModel, Device = BlipDevice.Cpu }, cancellationToken: Stop);
}
