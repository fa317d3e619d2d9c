using System.Text.Json.Nodes;
using Blip.Text;
using Xunit;

namespace Blip.Tests.Text;

public class TokenizerFilesTests
{
    public static TheoryData<string, string, string> JsonDefects => new()
    {
        { "version", "\"2.0\"", "version" },
        { "model.type", "\"BPE\"", "WordPiece" },
        { "model.unk_token", "\"<unk>\"", "unk_token" },
        { "model.continuing_subword_prefix", "\"@@\"", "continuing_subword_prefix" },
        { "model.max_input_chars_per_word", "50", "max_input_chars_per_word" },
        { "model.vocab", "[]", "vocab" },
        { "model.vocab.dog", "-1", "vocab" },
        { "model.vocab.dog", "99999999", "vocab" },
        { "model.vocab.dog", "5", "two tokens" },
        { "model.vocab.[SEP]", "null", "vocab" },
        { "normalizer", "{\"type\":\"NFC\"}", "BertNormalizer" },
        { "normalizer.lowercase", "false", "lowercase" },
        { "normalizer.strip_accents", "false", "strip_accents" },
        { "pre_tokenizer", "{\"type\":\"ByteLevel\"}", "BertPreTokenizer" },
        { "added_tokens", "[{}]", "added_tokens" },
    };

    [Theory]
    [MemberData(nameof(JsonDefects))]
    public void Load_TokenizerJsonWithADefect_NamesFileAndDefect(string key, string value, string says)
    {
        using TempFolder folder = new();
        JsonNode root = JsonNode.Parse(File.ReadAllText(Path.Combine(GoldenModels.Folder("base"), "tokenizer.json")))!;
        string[] path = key.Split('.');
        JsonNode parent = path[..^1].Aggregate(root, (node, name) => node[name]!);
        parent[path[^1]] = JsonNode.Parse(value);
        File.WriteAllText(Path.Combine(folder.Path, "tokenizer.json"), root.ToJsonString());
        BlipModelException error = Assert.Throws<BlipModelException>(() => BertTokenizer.Load(folder.Path));
        Assert.Equal(BlipErrorCode.ModelInvalid, error.Code);
        Assert.Contains("tokenizer.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(folder.Path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NoFiles_NamesBoth()
    {
        using TempFolder folder = new();
        BlipModelException error = Assert.Throws<BlipModelException>(() => BertTokenizer.Load(folder.Path));
        Assert.Equal(BlipErrorCode.ModelNotFound, error.Code);
        Assert.Contains("vocab.txt", error.Message, StringComparison.Ordinal);
        Assert.Contains("tokenizer.json", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[CLS]\n[SEP]\n[PAD]\n[UNK]\ndog\n", 6)]
    [InlineData("[CLS]\r\n[SEP]\r\n[PAD]\r\n[UNK]\r\ndog", 6)]
    [InlineData("[CLS]\n[SEP]\n[PAD]\n[UNK]\ndog\n[ENC]\n[DEC]\n", 6, 5)]
    public void Load_VocabularyAlone_AppendsTheMissingTokens(string vocabulary, int start, int end = 0)
    {
        using TempFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "vocab.txt"), vocabulary);
        BertTokenizer tokenizer = BertTokenizer.Load(folder.Path);
        Assert.True(tokenizer.TryGetTokenId("[DEC]", out int dec));
        Assert.True(tokenizer.TryGetTokenId("[ENC]", out int enc));
        Assert.Equal(end == 0 ? (start - 1, start) : (start, end), (dec, enc));
        Assert.Equal(512, tokenizer.MaxLength);
        Assert.Equal([0, 4, 3, 1], tokenizer.Encode("dog Köln").Ids);
        Assert.True(tokenizer.IsSpecial(dec));
    }

    [Theory]
    [InlineData("{\"model_max_length\": 1000000000000000019884624838656}", 512)]
    [InlineData("{\"model_max_length\": 77}", 77)]
    public void Load_ModelMaxLength_IsUsedIfItIsAnInt(string config, int expected)
    {
        using TempFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "vocab.txt"), "[CLS]\n[SEP]\n[PAD]\n[UNK]\n");
        File.WriteAllText(Path.Combine(folder.Path, "tokenizer_config.json"), config);
        Assert.Equal(expected, BertTokenizer.Load(folder.Path).MaxLength);
    }

    [Theory]
    [InlineData("do_lower_case")]
    [InlineData("strip_accents")]
    public void Load_CasedTokenizer_IsRefused(string key)
    {
        using TempFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "vocab.txt"), "[CLS]\n");
        File.WriteAllText(Path.Combine(folder.Path, "tokenizer_config.json"), $"{{\"{key}\": false}}");
        Assert.Contains(key, Assert.Throws<BlipModelException>(() => BertTokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_VocabularyIsNotText_SaysSo()
    {
        using TempFolder folder = new();
        File.WriteAllBytes(Path.Combine(folder.Path, "vocab.txt"), [0x5b, 0xff, 0xfe]);
        BlipModelException error = Assert.Throws<BlipModelException>(() => BertTokenizer.Load(folder.Path));
        Assert.Contains("UTF-8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_SpecialTokenMissing_NamesIt()
    {
        using TempFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "vocab.txt"), "[CLS]\n[PAD]\n[UNK]\n");
        BlipModelException error = Assert.Throws<BlipModelException>(() => BertTokenizer.Load(folder.Path));
        Assert.Contains("[SEP]", error.Message, StringComparison.Ordinal);
    }
}
