using System.Text.Json.Nodes;
using Blip.Checkpoints;
using Blip.Files;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Blip.Tests.Checkpoints;

public class CheckpointTests
{
    public static TheoryData<string> Forms => [.. GoldenModels.Forms];

    [Theory]
    [MemberData(nameof(Forms))]
    public void Open_AnotherFormOfBase_HasTheSameTensors(string name)
    {
        using Checkpoint expected = Checkpoint.Open(GoldenModels.Folder("base")), actual = Checkpoint.Open(GoldenModels.Folder(name));
        foreach (CheckpointTensor tensor in expected.Tensors.Values)
        {
            Assert.Equal(tensor.Shape, actual.Tensors[tensor.Name].Shape);
            Assert.Equal(Values(tensor), Values(actual.Tensors[tensor.Name]));
        }
        Assert.Equal(expected.Config, actual.Config);
    }

    [Theory]
    [InlineData("fp16", TensorType.F16)]
    [InlineData("bf16", TensorType.BF16)]
    public void CopyTo_StoredInFewerBits_IsExactInFp32(string name, TensorType type)
    {
        using Checkpoint checkpoint = Checkpoint.Open(GoldenModels.Folder(name));
        byte[] file = File.ReadAllBytes(Path.Combine(GoldenModels.Folder(name), "model.safetensors"));
        foreach (CheckpointTensor tensor in checkpoint.Tensors.Values)
        {
            Assert.Equal(type, tensor.Type);
            float[] values = Values(tensor);
            for (int i = 0; i < values.Length; i++)
            {
                ReadOnlySpan<byte> stored = file.AsSpan((int)tensor.Offset + (2 * i), 2);
                float expected = type == TensorType.F16
                    ? (float)BitConverter.ToHalf(stored)
                    : BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(stored) << 16);
                Assert.Equal(expected, values[i]);
            }
        }
    }

    [Fact]
    public void CopyTo_ATensorThatIsNoWeight_NamesItsType()
    {
        using Checkpoint checkpoint = Checkpoint.Open(GoldenModels.Folder("form-old-names"));
        CheckpointTensor ids = checkpoint.Tensors.Values.First(tensor => tensor.Type == TensorType.Other);
        BlipModelException error = Assert.Throws<BlipModelException>(() => ids.CopyTo(new float[ids.ElementCount]));
        Assert.Contains(ids.StoredType, error.Message, StringComparison.Ordinal);
        Assert.Equal(sizeof(long) * ids.ElementCount, ids.ByteLength);
    }

    [Fact]
    public void Files_OfShards_AreNamedWithTheirSizes()
    {
        using Checkpoint checkpoint = Checkpoint.Open(GoldenModels.Folder("form-sharded"));
        string[] shards = [.. Directory.GetFiles(GoldenModels.Folder("form-sharded"), "model-*.safetensors").Order(StringComparer.Ordinal)];
        Assert.Equal(
            shards.Select(shard => new CheckpointFile(Path.GetFileName(shard), new FileInfo(shard).Length)),
            checkpoint.Files.OrderBy(file => file.Name, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("base", true)]
    [InlineData("form-bin", true)]
    // Its configuration says that they are not tied, and both are in the file, but they are equal.
    [InlineData("untied", true)]
    [InlineData("stored-head-true", false)]
    [InlineData("stored-head-only", true)]
    public void IsHeadTied_Model_FollowsTheFileOfWeights(string name, bool isTied)
    {
        using Checkpoint checkpoint = Checkpoint.Open(GoldenModels.Folder(name));
        Assert.Equal(isTied, checkpoint.IsHeadTied);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void IsHeadTied_StoredHead_IsTiedOnlyWhereItEqualsTheEmbeddings(float change, bool isTied)
    {
        const string Head = "text_decoder.cls.predictions.decoder.weight";
        using TempFolder into = new();
        string folder = RewrittenWeights.Copy(into, "base", tensors =>
        {
            RewrittenWeights.Stored embeddings = tensors["text_decoder.bert.embeddings.word_embeddings.weight"];
            tensors[Head] = embeddings with { Values = [.. embeddings.Values[..^1], embeddings.Values[^1] + change] };
            return tensors;
        });
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        Assert.Equal(isTied, checkpoint.IsHeadTied);
    }

    [Fact]
    public void Open_TwoBiasesOfTheHead_TheOneThatTheLayerAddsIsUsed()
    {
        const string Bias = "text_decoder.cls.predictions.bias", LayerBias = "text_decoder.cls.predictions.decoder.bias";
        using TempFolder into = new();
        string folder = RewrittenWeights.Copy(into, "base", tensors =>
        {
            tensors[LayerBias] = tensors[Bias] with { Values = [.. tensors[Bias].Values.Select(value => value + 1)] };
            return tensors;
        });
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        Assert.Equal(Values(checkpoint.Tensors[Bias]).Select(value => value + 1), Values(checkpoint.Tensors[LayerBias]));
        Assert.Contains(
            LayerBias, checkpoint.Architecture.ExpectedTensors(checkpoint.Config, checkpoint.IsHeadTied).Select(tensor => tensor.Name));
    }

    [Theory]
    [InlineData("8", false, 12, true)]
    [InlineData("8", true, 8, false)]
    [InlineData(null, false, 12, true)]
    [InlineData("6", false, 6, false)]
    public void Open_EightHeadsAtWidth768_AreReadAsTwelveWithOneWarning(string? heads, bool obey, int expected, bool warns)
    {
        using TempFolder folder = new();
        JsonNode config = JsonNode.Parse(File.ReadAllText(TestPaths.Golden("full-size", "config.json")))!;
        JsonObject text = config["text_config"]!.AsObject();
        text.Remove("num_attention_heads");
        if (heads is not null)
            text["num_attention_heads"] = JsonNode.Parse(heads);
        File.WriteAllText(Path.Combine(folder.Path, "config.json"), config.ToJsonString());
        WarningCounter logger = new();
        BlipConfig read = BlipConfig.Read(BlipConfig.OpenFile(folder.Path), new CheckpointOptions { ObeyHeadCount = obey }, logger);
        Assert.Equal(expected, read.Text.NumAttentionHeads);
        Assert.Equal(warns ? 1 : 0, logger.Count);
    }

    [Theory]
    [InlineData("text_config", 1, 1)]
    [InlineData("vision_config", 1, 1)]
    [InlineData("text_config", 2, 0)]
    public void Open_FewerLayersThanTheWeightsHave_AreToldOnce(string section, int layers, int warnings)
    {
        using TempFolder folder = new();
        Copy("base", folder.Path);
        string path = Path.Combine(folder.Path, "config.json");
        JsonNode config = JsonNode.Parse(File.ReadAllText(path))!;
        config[section]!["num_hidden_layers"] = layers;
        File.WriteAllText(path, config.ToJsonString());
        WarningCounter logger = new();
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path, logger: logger);
        Assert.Equal(warnings, logger.Count);
    }

    [Theory]
    [InlineData("text_config.num_attention_heads", "null")]
    [InlineData("vision_config.num_attention_heads", "null")]
    [InlineData("text_config.hidden_act", "\"relu\"")]
    [InlineData("text_config.layer_norm_eps", "0")]
    [InlineData("vision_config.patch_size", "1000")]
    [InlineData("vision_config.hidden_size", "64")]
    [InlineData("vision_config.image_size", "\"big\"")]
    [InlineData("text_config.num_hidden_layers", "1e300")]
    [InlineData("text_config", "[]")]
    public void Open_ConfigWithADefect_NamesTheKey(string key, string value)
    {
        using TempFolder folder = new();
        Copy("base", folder.Path);
        string path = Path.Combine(folder.Path, "config.json");
        JsonNode root = JsonNode.Parse(File.ReadAllText(path))!;
        string[] parts = key.Split('.');
        (parts.Length == 2 ? root[parts[0]]! : root)[parts[^1]] = JsonNode.Parse(value);
        File.WriteAllText(path, root.ToJsonString());
        BlipModelException error = Assert.Throws<BlipModelException>(() => Checkpoint.Open(folder.Path));
        Assert.Contains(parts[^1], error.Message, StringComparison.Ordinal);
        Assert.Contains("config.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ProcessorConfigInsteadOfPreprocessorConfig_IsRead()
    {
        using TempFolder folder = new();
        Copy("base", folder.Path);
        string old = Path.Combine(folder.Path, "preprocessor_config.json");
        File.WriteAllText(
            Path.Combine(folder.Path, "processor_config.json"),
            $$"""{"image_processor":{{File.ReadAllText(old)}},"processor_class":"BlipProcessor"}""");
        File.Delete(old);
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path), original = Checkpoint.Open(GoldenModels.Folder("base"));
        Assert.Equal(original.Preprocessor.ImageMean, checkpoint.Preprocessor.ImageMean);
        Assert.Equal(64, checkpoint.Preprocessor.Width);
    }

    [Fact]
    public void Open_NoPreprocessorConfig_MakesImagesOfTheModelsSize()
    {
        using TempFolder folder = new();
        Copy("base", folder.Path);
        File.Delete(Path.Combine(folder.Path, "preprocessor_config.json"));
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal((64, 64), (checkpoint.Preprocessor.Width, checkpoint.Preprocessor.Height));
        Assert.Equal(384, PreprocessorConfig.Load(folder.Path).Width);
    }

    [Theory]
    [InlineData("model.safetensors", true)]
    [InlineData("a b-ü.bin", true)]
    [InlineData("", false)]
    [InlineData("..", false)]
    [InlineData("../x", false)]
    [InlineData("a/b", false)]
    [InlineData("a\\b", false)]
    [InlineData("C:x", false)]
    [InlineData("x ", false)]
    [InlineData("x.", false)]
    [InlineData("nul.bin", false)]
    [InlineData("COM1", false)]
    [InlineData("a\nb", false)]
    public void IsPlain_Name_ByTheRulesOfBothSystems(string name, bool plain) => Assert.Equal(plain, PlainFileName.IsPlain(name));

    private static float[] Values(CheckpointTensor tensor)
    {
        float[] values = new float[tensor.ElementCount];
        tensor.CopyTo(values);
        return values;
    }

    internal static void Copy(string name, string folder)
    {
        foreach (string file in Directory.GetFiles(GoldenModels.Folder(name)))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
    }

    private sealed class WarningCounter : ILogger
    {
        public int Count { get; private set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Count += logLevel == LogLevel.Warning ? 1 : 0;
    }
}
