using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Blip.Checkpoints;
using Blip.Text;
using Xunit;

namespace Blip.Tests.Checkpoints;

/// <summary>Intact files that Blip does not run: the message names what they are, and sends nobody to download them again.</summary>
public class UnsupportedFileTests
{
    private const string Weights = "model.safetensors";

    public static TheoryData<string, byte[], string> Foreign => new()
    {
        { Weights, [.. "\n<!DOCTYPE html>\n<html><head>"u8], "a web page" },
        { Weights, [.. "\ufeff<HTML lang='de'>sign in"u8], "a web page" },
        { Weights, [.. "{\"error\":\"Repository not found\"}"u8], "text" },
        { Weights, Zip("model/config.json"), "Unpack it" },
        { Weights, Zip("archive/data.pkl"), "a PyTorch file.*Name it pytorch_model.bin" },
        { Weights, [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2], "gzip" },
        { Weights, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4, 1, 2], "7z" },
        { Weights, [.. new byte[257], .. "ustar\0"u8, .. new byte[300]], "tar" },
        { Weights, [0x89, .. "HDF\r\n\x1a\n"u8, 0, 0], "HDF5" },
        { Weights, [.. "GGUF"u8, 3, 0, 0, 0, 1, 0], "llama.cpp" },
        { "pytorch_model.bin", [2, 0, 0, 0, 0, 0, 0, 0, .. "{}"u8], "a safetensors file" },
        { "pytorch_model.bin", Zip("model/config.json"), "unpack it" },
        { "pytorch_model.bin", [.. "<html>"u8, 0x0a], "a web page" },
    };

    [Theory]
    [InlineData("config.json", "text_config.hidden_act", "\"gelu_new\"", "gelu_new")]
    [InlineData("config.json", "vision_config.hidden_act", "\"quick_gelu\"", "quick_gelu")]
    [InlineData("config.json", "text_config.hidden_act", "\"relu\\nx\"", "relu x")]
    [InlineData("config.json", "text_config.position_embedding_type", "\"relative_key\"", "relative_key")]
    [InlineData("preprocessor_config.json", "do_center_crop", "true", "do_center_crop")]
    [InlineData("preprocessor_config.json", "resample", "2", "bilinear")]
    [InlineData("preprocessor_config.json", "do_resize", "false", "resizes")]
    [InlineData("preprocessor_config.json", "size", "{\"shortest_edge\":64}", "shortest_edge")]
    [InlineData("tokenizer.json", "normalizer", "{\"type\":\"Sequence\",\"normalizers\":[]}", "Sequence")]
    [InlineData("tokenizer.json", "normalizer", "null", "absent")]
    [InlineData("tokenizer.json", "normalizer.lowercase", "false", "uncased")]
    [InlineData("tokenizer.json", "normalizer.strip_accents", "false", "uncased")]
    [InlineData("tokenizer.json", "pre_tokenizer.type", "\"Whitespace\"", "Whitespace")]
    [InlineData("tokenizer.json", "model.type", "\"BPE\"", "BPE")]
    [InlineData("tokenizer_config.json", "do_lower_case", "false", "uncased")]
    public void Open_ValueThatIsNotRun_IsNamed(string file, string key, string value, string says)
    {
        using TempFolder folder = new();
        CheckpointTests.Copy("base", folder.Path);
        string path = Path.Combine(folder.Path, file);
        JsonNode root = JsonNode.Parse(File.ReadAllText(path))!;
        string[] parts = key.Split('.');
        (parts.Length == 2 ? root[parts[0]]! : root)[parts[^1]] = JsonNode.Parse(value);
        File.WriteAllText(path, root.ToJsonString());
        BlipModelException error = Refused(folder.Path);
        Assert.Contains(parts[0], error.Message, StringComparison.Ordinal);
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.fp16.safetensors", "name it model.safetensors")]
    [InlineData("model_base_vqa.pth", "save_pretrained")]
    [InlineData("last.ckpt", "save_pretrained")]
    [InlineData("tf_model.h5", "TensorFlow")]
    [InlineData("flax_model.msgpack", "Flax")]
    [InlineData("model.onnx", "graph")]
    [InlineData("model.gguf", "llama.cpp")]
    [InlineData("model.zip", "Unpack")]
    [InlineData("adapter_config.json", "adapter")]
    public void Open_OtherWeightsInTheFolder_AreNamed(string name, string says)
    {
        using TempFolder folder = new();
        CheckpointTests.Copy("base", folder.Path);
        File.Move(Path.Combine(folder.Path, Weights), Path.Combine(folder.Path, name));
        foreach (string reference in (string[])["expected.safetensors", "interpolated96.safetensors"])
            File.Delete(Path.Combine(folder.Path, reference));
        Check(Refused(folder.Path));
        File.Delete(Path.Combine(folder.Path, "config.json"));
        Check(Refused(folder.Path));

        void Check(BlipModelException error)
        {
            Assert.Equal(BlipErrorCode.ModelNotFound, error.Code);
            Assert.Contains(name, error.Message, StringComparison.Ordinal);
            Assert.Contains(says, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Open_NoConfigBesideWeightsThatAreRead_NamesTheConfigAlone()
    {
        using TempFolder folder = new();
        CheckpointTests.Copy("base", folder.Path);
        File.WriteAllText(Path.Combine(folder.Path, "training_args.bin"), "");
        File.Delete(Path.Combine(folder.Path, "config.json"));
        string message = Refused(folder.Path).Message;
        Assert.Contains("config.json", message, StringComparison.Ordinal);
        Assert.DoesNotContain("training_args", message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Foreign))]
    public void Open_AnotherKindOfFileUnderTheName_IsNamed(string name, byte[] bytes, string says)
    {
        using TempFolder folder = new();
        CheckpointTests.Copy("base", folder.Path);
        File.Delete(Path.Combine(folder.Path, Weights));
        File.WriteAllBytes(Path.Combine(folder.Path, name), bytes);
        BlipModelException error = Refused(folder.Path);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Matches(says, error.Message);
    }

    [Theory]
    [InlineData("module.")]
    [InlineData("_orig_mod.")]
    [InlineData("model.")]
    [InlineData("base_model.model.")]
    [InlineData("module._orig_mod.")]
    public void Open_OnePrefixBeforeAllNames_IsTheSameModel(string prefix)
    {
        using TempFolder into = new();
        string folder = RewrittenWeights.Copy(
            into, "base", tensors => tensors.ToDictionary(tensor => prefix + tensor.Key, tensor => tensor.Value));
        using Checkpoint checkpoint = Checkpoint.Open(folder), original = Checkpoint.Open(GoldenModels.Folder("base"));
        Assert.Equal(original.ComputeDigest(), checkpoint.ComputeDigest());
    }

    [Fact]
    public void Open_PrefixBeforeSomeNames_IsNotGuessed()
    {
        using TempFolder into = new();
        string folder = RewrittenWeights.Copy(into, "base", tensors => tensors.ToDictionary(
            tensor => (tensor.Key.StartsWith("vision_model.", StringComparison.Ordinal) ? "module." : "") + tensor.Key,
            tensor => tensor.Value));
        Assert.Contains("vision_model.embeddings.class_embedding is missing", Refused(folder).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model_type":"blip-2","architectures":["Blip2ForConditionalGeneration"]}""", "BLIP-2")]
    [InlineData("""{"model_type":"blip-2"}""", "BLIP-2")]
    [InlineData("""{"architectures":["Blip2ForImageTextRetrieval"]}""", "BLIP-2")]
    [InlineData("""{"model_type":"instructblip","architectures":["InstructBlipForConditionalGeneration"]}""", "InstructBLIP")]
    [InlineData("""{"model_type":"instructblipvideo"}""", "InstructBLIP")]
    public void Open_ARelativeOfBlip_IsNamed(string config, string family)
    {
        using TempFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "config.json"), config);
        Assert.Contains($"family {family}, ", Refused(folder.Path).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"format":"pt"}""", true)]
    [InlineData("{}", true)]
    [InlineData("null", true)]
    [InlineData("[]", false)]
    [InlineData("5", false)]
    [InlineData("""{"format":1}""", false)]
    [InlineData("""{"format":{"a":"b"}}""", false)]
    public void Open_Metadata_MustBeAMapOfStrings(string metadata, bool isRead)
    {
        using TempFolder folder = new();
        CheckpointTests.Copy("base", folder.Path);
        Rewrite(Path.Combine(folder.Path, Weights), header =>
        {
            JsonNode root = JsonNode.Parse(header)!;
            root["__metadata__"] = JsonNode.Parse(metadata);
            return root.ToJsonString();
        });
        BlipModelException? error = Record.Exception(() => Checkpoint.Open(folder.Path).Dispose()) as BlipModelException;
        Assert.Equal(isRead, error is null);
        Assert.Contains("__metadata__", error?.Message ?? "__metadata__", StringComparison.Ordinal);
    }

    [Fact]
    public void Open_WhiteSpaceBeforeTheHeader_IsRead()
    {
        using TempFolder folder = new();
        CheckpointTests.Copy("base", folder.Path);
        Rewrite(Path.Combine(folder.Path, Weights), header => " \t\r\n " + header);
        Checkpoint.Open(folder.Path).Dispose();
    }

    private static BlipModelException Refused(string folder)
    {
        BlipModelException error = Assert.Throws<BlipModelException>(() =>
        {
            Checkpoint.Open(folder).Dispose();
            BertTokenizer.Load(folder);
        });
        Assert.DoesNotContain("ownload", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(folder, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(error.Message, char.IsControl);
        return error;
    }

    private static void Rewrite(string path, Func<string, string> change)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        byte[] header = Encoding.UTF8.GetBytes(change(Encoding.UTF8.GetString(bytes, 8, length)));
        byte[] start = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(start, header.Length);
        File.WriteAllBytes(path, [.. start, .. header, .. bytes[(8 + length)..]]);
    }

    private static byte[] Zip(string entry)
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        using (Stream content = zip.CreateEntry(entry).Open())
            content.Write("{\"model_type\":\"blip\",\"more\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}"u8);
        return stream.ToArray();
    }
}
