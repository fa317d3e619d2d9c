using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Blip.Text;
using Xunit;

namespace Blip.Tests.Text;

public class BertTokenizerTests
{
    private const string Invariant = "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT";

    private static readonly BertTokenizer Tokenizer = BertTokenizer.Load(TestPaths.Golden("tokenizer"));

    public static TheoryData<string> Folders => [.. GoldenModels.Own, .. GoldenModels.Forms];

    [Fact]
    public void Encode_EveryGoldenText_GivesTheLibrarysIds()
    {
        foreach (JsonElement c in Lines("cases.jsonl"))
        {
            TokenizedText text = Tokenizer.Encode(c.GetProperty("text").GetString()!);
            Assert.Equal(Ids(c, "ids"), text.Ids);
            Assert.Equal(c.GetProperty("truncated").GetBoolean(), text.Truncated);
        }
    }

    [Fact]
    public void Encode_SpecialTokensInTheText_AreReadAsTheModeSays()
    {
        foreach (JsonElement c in Lines("special.jsonl"))
        {
            string text = c.GetProperty("text").GetString()!;
            Assert.Equal(Ids(c, "plain"), Tokenizer.Encode(text).Ids);
            Assert.Equal(Ids(c, "reference"), Tokenizer.Encode(text, SpecialTokenMode.Reference).Ids);
        }
    }

    [Fact]
    public void Decode_EveryGoldenCase_GivesBothTexts()
    {
        foreach (JsonElement c in Lines("decode.jsonl"))
        {
            Assert.Equal(c.GetProperty("text").GetString(), Tokenizer.Decode(Ids(c, "ids"), cleanUp: false));
            Assert.Equal(c.GetProperty("text_cleaned").GetString(), Tokenizer.Decode(Ids(c, "ids")));
        }
    }

    [Fact]
    public void CharacterTable_EveryCodePoint_IsAsInTheLibrary()
    {
        Dictionary<int, string> mapped = File.ReadLines(TestPaths.Golden("tokenizer", "mapped.tsv")).Skip(1).Select(l => l.Split('\t'))
            .ToDictionary(p => Hex(p[0]), p => string.Concat(p[1].Split(' ').Select(h => new Rune(Hex(h)).ToString())));
        Span<char> room = stackalloc char[WordBuffer.Capacity];
        foreach (string[] range in File.ReadLines(TestPaths.Golden("tokenizer", "codepoints.tsv")).Skip(1).Select(l => l.Split('\t')))
        {
            for (int c = Hex(range[0]); c <= Hex(range[1]); c++)
            {
                if (range[2] == "surrogate")
                    continue;
                CharacterClass expected = range[2] switch
                {
                    "removed" => CharacterClass.Removed,
                    "space" => CharacterClass.Space,
                    "single" or "single-mapped" => CharacterClass.Single,
                    _ => CharacterClass.Word,
                };
                Assert.Equal(expected, CharacterTable.Instance.ClassOf(new Rune(c)));
                if (expected is CharacterClass.Removed or CharacterClass.Space)
                    continue;
                WordBuffer word = new(room);
                CharacterTable.Instance.Append(new Rune(c), ref word);
                string becomes = word.Text.ToString();
                if (mapped.TryGetValue(c, out string? known))
                    // The library's result has the spaces that it puts around an ideograph.
                    Assert.Equal(known.Trim(' '), becomes);
                else if (range[2] == "mapped")
                    Assert.Equal(new Rune(c).ToString().Normalize(NormalizationForm.FormD), becomes, StringComparer.Ordinal);
                else
                    Assert.Equal(new Rune(c).ToString(), becomes);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Load_EveryGoldenModel_GivesItsQuestionIdsAndAnswers(string name)
    {
        BertTokenizer tokenizer = BertTokenizer.Load(GoldenModels.Folder(name));
        Assert.Equal(96, tokenizer.MaxLength);
        Assert.True(tokenizer.TryGetTokenId("[DEC]", out int start));
        Assert.Equal(529, start);
        foreach (GoldenModels.GoldenCase c in GoldenModels.Cases(name))
        {
            Assert.Equal(c.QuestionIds, tokenizer.Encode(c.Question).Ids);
            Assert.Equal(c.Text, tokenizer.Decode(c.TokenIds));
        }
    }

    [Fact]
    public void Encode_CutAnywhere_IsTheBeginningAndTheEndToken()
    {
        const string Text = "Is the dog's ball naïve, un-BELIEVABLY red & 東京? " + "\u0301";
        int[] whole = Tokenizer.Encode(Text).Ids;
        for (int most = 2; most <= whole.Length + 2; most++)
        {
            TokenizedText cut = Tokenizer.Encode(Text, maxLength: most);
            Assert.Equal(most < whole.Length, cut.Truncated);
            Assert.Equal(cut.Truncated ? [.. whole.Take(most - 1), Tokenizer.SepTokenId] : whole, cut.Ids);
        }
    }

    [Fact]
    public void Encode_RandomStrings_GiveIdsOfTheVocabulary()
    {
        Random random = new(7);
        char[] text = new char[60];
        for (int i = 0; i < 20_000; i++)
        {
            foreach (ref char c in text.AsSpan())
                c = (char)(random.Next(4) == 0 ? random.Next(0x10000) : random.Next(32, 127));
            string s = new(text);
            foreach (SpecialTokenMode mode in Enum.GetValues<SpecialTokenMode>())
                Assert.All(Tokenizer.Encode(s, mode).Ids, id => Assert.InRange(id, 0, Tokenizer.VocabularySize - 1));
        }
    }

    [Fact]
    public void Encode_UnpairedSurrogate_IsRemoved() => Assert.Equal(Tokenizer.Encode("dog").Ids, Tokenizer.Encode("d\ud800og\udc00").Ids);

    [Fact]
    public void Encode_TenMegabytes_ReadsNoFurtherThanItNeeds()
    {
        Stopwatch clock = Stopwatch.StartNew();
        Assert.True(Tokenizer.Encode(new string('!', 10_000_000)).Truncated);
        int[] unknown = [Tokenizer.ClsTokenId, Tokenizer.UnknownTokenId, Tokenizer.SepTokenId];
        Assert.Equal(unknown, Tokenizer.Encode(new string('x', 10_000_000)).Ids);
        // Long enough for a busy machine, and nothing to a search that goes over the word again and again.
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("[SEP]")]
    public void Encode_TenMegabytesAfterSpecialTokens_ReadsNoFurtherThanItNeeds(string rest)
    {
        string begin = string.Concat(Enumerable.Repeat("[SEP]", 600));
        string text = begin + string.Concat(Enumerable.Repeat(rest, 10_000_000 / rest.Length));
        TokenizedText tokens = Tokenizer.Encode(text, SpecialTokenMode.Reference);
        Assert.True(tokens.Truncated);
        Assert.Equal([Tokenizer.ClsTokenId, .. Enumerable.Repeat(Tokenizer.SepTokenId, Tokenizer.MaxLength - 1)], tokens.Ids);
        // To look through the rest once takes thousands of times as long.
        Assert.InRange(LeastTicks(text), 0, 20 * LeastTicks(begin));

        static long LeastTicks(string text) => Enumerable.Range(0, 20).Min(_ =>
        {
            long start = Stopwatch.GetTimestamp();
            Tokenizer.Encode(text, SpecialTokenMode.Reference);
            return Stopwatch.GetTimestamp() - start;
        });
    }

    [Fact]
    public void Encode_SpecialTokensBetweenWords_SplitTheTextWhereTheyStand()
    {
        int[] Word(string text) => Tokenizer.Encode(text).Ids[1..^1];
        Assert.Equal(
            [Tokenizer.ClsTokenId, .. Word("dog"), Tokenizer.SepTokenId, Tokenizer.PadTokenId, .. Word("s [sep]"), Tokenizer.SepTokenId],
            Tokenizer.Encode("dog[SEP][PAD]s [sep]", SpecialTokenMode.Reference).Ids);
    }

    [Fact]
    public void Decode_NoSuchId_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Decode([-1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.TokenToText(Tokenizer.VocabularySize));
    }

    /// <summary>Chiseled containers have this globalization mode. The runtime's own normalisation does nothing there.</summary>
    [Fact]
    public async Task GoldenTexts_InvariantGlobalization_AreTheSame()
    {
        if (Environment.GetEnvironmentVariable(Invariant) == "1")
            return;
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            start.ArgumentList.Add(typeof(BertTokenizerTests).Assembly.Location);
        foreach (string argument in (string[])["-class", typeof(BertTokenizerTests).FullName!, "-method", "*Golden*"])
            start.ArgumentList.Add(argument);
        start.Environment[Invariant] = "1";
        using Process process = Process.Start(start)!;
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(2));
        string output = await process.StandardOutput.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        Assert.True(process.ExitCode == 0, output);
    }

    private static IEnumerable<JsonElement> Lines(string file) =>
        File.ReadLines(TestPaths.Golden("tokenizer", file)).Select(line => JsonDocument.Parse(line).RootElement.Clone());

    private static int[] Ids(JsonElement c, string name) => [.. c.GetProperty(name).EnumerateArray().Select(i => i.GetInt32())];

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
