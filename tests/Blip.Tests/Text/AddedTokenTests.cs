using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Blip.Text;
using Xunit;

namespace Blip.Tests.Text;

/// <summary>Tokens that a fine-tune added to its tokenizer.</summary>
public class AddedTokenTests
{
    /// <summary>Random settings and texts, with the ids and the decoded texts of the Rust library tokenizers 0.23.2.</summary>
    [Fact]
    public void EncodeAndDecode_RandomAddedTokens_AreAsInTheLibrary()
    {
        int texts = 0;
        foreach (JsonElement set in File.ReadLines(TestPaths.Golden("tokenizer", "added.jsonl")).Select(Parse))
        {
            JsonElement added = set.GetProperty("added");
            BertTokenizer tokenizer = With(added);
            foreach (JsonElement c in set.GetProperty("cases").EnumerateArray())
            {
                string text = c.GetProperty("text").GetString()!;
                int[] ids = [.. c.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
                int[] found = tokenizer.Encode(text, SpecialTokenMode.Reference).Ids;
                Assert.True(ids.SequenceEqual(found), $"{c} {JsonSerializer.Serialize(found)} {added}");
                Assert.Equal(c.GetProperty("decoded").GetString(), tokenizer.Decode(ids, cleanUp: false));
                texts++;
            }
        }
        Assert.InRange(texts, 500, int.MaxValue);
    }

    [Fact]
    public void Encode_Plain_ReadsSpecialTokensAsWordsAndOthersAsTokens()
    {
        BertTokenizer tokenizer = With(Parse("""
            [{"id":531,"content":"<obj>","special":false,"normalized":true},{"id":532,"content":"<IMG>","special":true},
             {"id":533,"content":"img","special":false,"single_word":true}]
            """));
        Assert.Equal([2, 47, 531, 48, 3], tokenizer.Encode("a <OBJ>b").Ids);
        Assert.Equal([2, 532, 3], tokenizer.Encode("<IMG>", SpecialTokenMode.Reference).Ids);
        // The library looks for the special token all the same, and so does not see what is in it.
        Assert.Equal(tokenizer.Encode("< IMG >").Ids, tokenizer.Encode("<IMG>").Ids);
        Assert.Equal([2, 22, 533, 24, 3], tokenizer.Encode("<img>").Ids);
        Assert.Equal("dog <obj>", tokenizer.Decode([216, 531, 532]));
        Assert.False(tokenizer.IsSpecial(531));
        Assert.True(tokenizer.IsSpecial(532));
    }

    [Theory]
    [InlineData("""{"4":{"content":"dog"},"5":{"content":"<obj>","special":false},"6":{"content":"[DEC]"},"7":{"content":"[ENC]"}}""", 6)]
    [InlineData("""{"5":{"content":"<obj>","special":false}}""", 6)]
    public void Load_VocabularyWithTokensOfTheTokenizerConfig_HasThem(string added, int start)
    {
        using TempFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "vocab.txt"), "[CLS]\n[SEP]\n[PAD]\n[UNK]\ndog\n");
        File.WriteAllText(Path.Combine(folder.Path, "tokenizer_config.json"), $$"""{"added_tokens_decoder":{{added}}}""");
        BertTokenizer tokenizer = BertTokenizer.Load(folder.Path);
        Assert.Equal([0, 4, 5, 1], tokenizer.Encode("dog<obj>").Ids);
        Assert.True(tokenizer.TryGetTokenId("[DEC]", out int found));
        Assert.Equal((start, 8), (found, tokenizer.VocabularySize));
    }

    [Theory]
    [InlineData("""{"4":{"content":"cat"}}""")]
    [InlineData("""{"9":{"content":"<obj>"}}""")]
    [InlineData("""{"x":{"content":"<obj>"}}""")]
    [InlineData("""{"5":{"content":""}}""")]
    [InlineData("""{"5":7}""")]
    [InlineData("""{"5":{"content":"<obj>","lstrip":"yes"}}""")]
    public void Load_TokensOfTheTokenizerConfigThatDoNotFit_AreRefused(string added)
    {
        using TempFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "vocab.txt"), "[CLS]\n[SEP]\n[PAD]\n[UNK]\ndog\n");
        File.WriteAllText(Path.Combine(folder.Path, "tokenizer_config.json"), $$"""{"added_tokens_decoder":{{added}}}""");
        BlipModelException error = Assert.Throws<BlipModelException>(() => BertTokenizer.Load(folder.Path));
        Assert.Contains("added_tokens_decoder", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Normalize_AnyCharacterTwice_ChangesNoMore()
    {
        for (int c = 0; c <= 0x10FFFF; c++)
        {
            if (!Rune.IsValid(c))
                continue;
            string once = CharacterTable.Instance.Normalize(new Rune(c).ToString()), twice = CharacterTable.Instance.Normalize(once);
            Assert.True(once.Trim(' ') == twice.Trim(' '), FormattableString.Invariant($"U+{c:X4}"));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Load_AnswersWouldBeginWithAWord_IsRefused(bool hasExtraLines)
    {
        using TempFolder folder = new();
        CheckpointFolder(folder.Path, hasExtraLines);
        Exception? error = await Record.ExceptionAsync(async () =>
        {
            await using BlipModel model = await BlipModel.LoadAsync(folder.Path, TestContext.Current.CancellationToken);
        });
        Assert.Equal(hasExtraLines, error is BlipModelException);
        if (hasExtraLines)
            Assert.Contains("the id 531; text_config.bos_token_id in config.json is 529", error!.Message, StringComparison.Ordinal);
    }

    private static void CheckpointFolder(string folder, bool hasExtraLines)
    {
        Checkpoints.CheckpointTests.Copy("base", folder);
        File.Delete(Path.Combine(folder, "tokenizer.json"));
        if (hasExtraLines)
            File.AppendAllText(Path.Combine(folder, "vocab.txt"), "extra1\nextra2\n");
    }

    private static BertTokenizer With(JsonElement added)
    {
        using TempFolder folder = new();
        JsonNode root = JsonNode.Parse(File.ReadAllText(Path.Combine(GoldenModels.Folder("base"), "tokenizer.json")))!;
        foreach (JsonElement token in added.EnumerateArray())
            root["added_tokens"]!.AsArray().Add(JsonNode.Parse(token.GetRawText()));
        File.WriteAllText(Path.Combine(folder.Path, "tokenizer.json"), root.ToJsonString());
        return BertTokenizer.Load(folder.Path);
    }

    private static JsonElement Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
