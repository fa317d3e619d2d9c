using System.Globalization;
using System.Text;
using System.Text.Json;
using Blip.Checkpoints;
using Blip.Files;

namespace Blip.Text;

/// <summary>Reads a folder's tokenizer files. They are not trusted.</summary>
internal sealed class TokenizerFiles
{
    private const string JsonName = "tokenizer.json", VocabularyName = "vocab.txt", ConfigName = "tokenizer_config.json";
    private const int MaxVocabularyBytes = 64 << 20, MaxTokens = 1_000_000;
    private const string SameModel = "Use the tokenizer's files of the same model as the weights.";
    private const string Remedy = "Download the file again from where the model was published.";

    /// <summary>The special tokens of every BLIP tokenizer. [DEC] and [ENC] are added when a vocab.txt does not have them.</summary>
    private static readonly string[] Known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", "[ENC]"];

    private readonly string _file;

    private TokenizerFiles(string file, string[] tokens, IReadOnlyList<AddedToken> added, int? maxLength) =>
        (_file, Tokens, Added, MaxLength) = (file, tokens, added, maxLength);

    /// <summary>All tokens by id.</summary>
    public string[] Tokens { get; }

    /// <summary>The tokens that are found in a text before its words are.</summary>
    public IReadOnlyList<AddedToken> Added { get; }

    public int? MaxLength { get; }

    public static TokenizerFiles Read(string directory)
    {
        if (!Directory.Exists(directory))
            throw BlipModelException.NotFound($"There is no folder {directory}. Give a folder with a Hugging Face checkpoint.");
        int? maxLength = ReadMaxLength(directory);
        if (JsonFile.Read(directory, JsonName) is { } json)
            return ReadJson(json, maxLength);
        if (ModelFile.Read(directory, VocabularyName, MaxVocabularyBytes) is not { } vocabulary)
        {
            throw BlipModelException.NotFound(
                $"The model's folder has no tokenizer: neither {JsonName} nor {VocabularyName}. "
                + "Give a folder with a complete Hugging Face checkpoint.");
        }
        List<string> tokens = ReadVocabulary(vocabulary);
        List<AddedToken> added = ReadAddedTokens(directory, tokens);
        foreach (string start in (string[])["[DEC]", "[ENC]"])
        {
            if (!tokens.Contains(start))
                tokens.Add(start);
        }
        foreach (string known in Known.Where(known => tokens.Contains(known) && !added.Exists(token => token.Content == known)))
            added.Add(new AddedToken(known, tokens.LastIndexOf(known), IsSpecial: true));
        return new TokenizerFiles(VocabularyName, [.. tokens], added, maxLength);
    }

    /// <summary>The id of a token that every BLIP tokenizer has.</summary>
    public int Require(BertTokenizer tokenizer, string token) => tokenizer.TryGetTokenId(token, out int id)
        ? id
        : throw new BlipModelException($"{_file} does not have the token {token}, so it does not belong to a BLIP model. {SameModel}");

    /// <summary>The smallest limit that the folder's files state, or <see langword="null"/>.</summary>
    private static int? ReadMaxLength(string directory)
    {
        int? limit = null;
        if (JsonFile.Read(directory, ConfigName) is { } json)
        {
            ConfigSection config = new(ConfigName, "", json);
            RequireTrue(config, "do_lower_case");
            RequireTrue(config, "strip_accents");
            RequireTrue(config, "tokenize_chinese_chars");
            // A number that is too large for an int means "unknown".
            if (config.Find("model_max_length") is { ValueKind: JsonValueKind.Number } length
                && length.TryGetInt32(out int tokens) && tokens >= 2)
                limit = tokens;
        }
        try
        {
            if (JsonFile.Read(directory, BlipConfig.FileName) is { } model)
            {
                ConfigSection text = new ConfigSection(BlipConfig.FileName, "", model).Section("text_config");
                int positions = text.Int("max_position_embeddings", 0, 0, int.MaxValue);
                if (positions >= 2)
                    limit = Math.Min(limit ?? int.MaxValue, positions);
            }
        }
        catch (BlipModelException)
        {
            // The tokenizer does not need this file. The code that loads the model reports the error.
        }
        return limit;
    }

    private static void RequireTrue(ConfigSection config, string key)
    {
        if (!config.Bool(key, true))
            throw config.Unsupported(key, "it is false, but Blip has only BERT's uncased tokenizer, which needs true");
    }

    /// <summary>The tokens that a tokenizer_config.json adds to a vocab.txt, by their ids.</summary>
    private static List<AddedToken> ReadAddedTokens(string directory, List<string> tokens)
    {
        const string Key = "added_tokens_decoder";
        List<AddedToken> added = [];
        if (JsonFile.Read(directory, ConfigName) is not { } json
            || new ConfigSection(ConfigName, "", json).Find(Key) is not { ValueKind: JsonValueKind.Object } entries)
            return added;
        ConfigSection config = new(ConfigName, "", json);
        foreach (JsonProperty entry in entries.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                throw config.Invalid(Key, "an id is not a whole number");
            added.Add(ReadAddedToken(config, Key, entry.Value, id, isPiece: id < tokens.Count));
        }
        foreach (AddedToken token in added.OrderBy(token => token.Id))
        {
            if (token.Id == tokens.Count && token.Id < MaxTokens)
                tokens.Add(token.Content);
            else if (token.Id >= tokens.Count || tokens[token.Id] != token.Content)
                throw config.Invalid(Key, $"{VocabularyName} does not give {PlainFileName.Shown(token.Content)} the id {token.Id}");
        }
        return added;
    }

    private static AddedToken ReadAddedToken(ConfigSection file, string key, JsonElement value, int id, bool isPiece)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw file.Invalid(key, "an entry is not an object");
        ConfigSection entry = file.Within(key, value);
        if (entry.Text("content") is not { Length: > 0 } content)
            throw file.Invalid(key, "an entry has no content or no id");
        return new AddedToken(
            content, id, entry.Bool("special", true), isPiece, entry.Bool("single_word", false), entry.Bool("lstrip", false),
            entry.Bool("rstrip", false), entry.Bool("normalized", false));
    }

    /// <summary>One token a line; a line's number is its id.</summary>
    private static List<string> ReadVocabulary(byte[] bytes)
    {
        try
        {
            UTF8Encoding utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
            using StreamReader reader = new(new MemoryStream(bytes), utf8, detectEncodingFromByteOrderMarks: false);
            List<string> tokens = [];
            while (reader.ReadLine() is { } line)
            {
                tokens.Add(line);
                CheckCount(VocabularyName, tokens.Count);
            }
            return tokens;
        }
        catch (DecoderFallbackException exception)
        {
            throw new BlipModelException($"{VocabularyName} is not UTF-8 text. {Remedy}", exception);
        }
    }

    private static TokenizerFiles ReadJson(JsonElement json, int? maxLength)
    {
        ConfigSection root = new(JsonName, "", json);
        RequireText(root, "version", "1.0");
        ConfigSection model = root.Section("model"), normalizer = root.Section("normalizer");
        RequireText(model, "type", "WordPiece", mayBeAbsent: true);
        RequireText(model, "unk_token", "[UNK]");
        RequireText(model, "continuing_subword_prefix", "##");
        if (model.Int("max_input_chars_per_word", WordBuffer.MaxCharacters, 1, int.MaxValue) != WordBuffer.MaxCharacters)
            throw model.Unsupported("max_input_chars_per_word", $"Blip has {WordBuffer.MaxCharacters} only");
        RequireText(normalizer, "type", "BertNormalizer");
        RequireTrue(normalizer, "clean_text");
        RequireTrue(normalizer, "handle_chinese_chars");
        RequireTrue(normalizer, "strip_accents");
        RequireTrue(normalizer, "lowercase");
        RequireText(root.Section("pre_tokenizer"), "type", "BertPreTokenizer");
        if (model.Find("vocab") is not { ValueKind: JsonValueKind.Object } vocabulary)
            throw model.Invalid("vocab", "it is not an object that gives an id for each token");

        SortedDictionary<int, string> tokens = [];
        foreach (JsonProperty entry in vocabulary.EnumerateObject())
            Add(entry.Name, entry.Value, "model.vocab");
        List<AddedToken> listed = [];
        if (root.Find("added_tokens") is { ValueKind: JsonValueKind.Array } added)
        {
            foreach (JsonElement entry in added.EnumerateArray())
            {
                if (entry.ValueKind != JsonValueKind.Object || !entry.TryGetProperty("id", out JsonElement id))
                    throw root.Invalid("added_tokens", "an entry has no content or no id");
                AddedToken token = ReadAddedToken(root, "added_tokens", entry, id: 0, isPiece: false);
                bool isPiece = vocabulary.TryGetProperty(token.Content, out _);
                listed.Add(token with { Id = Add(token.Content, id, "added_tokens"), IsPiece = isPiece });
            }
        }
        if (tokens.Count == 0 || tokens.Keys.Last() != tokens.Count - 1)
            throw model.Invalid("vocab", $"its {tokens.Count} ids are not the numbers 0 to {tokens.Count - 1}");
        return new TokenizerFiles(JsonName, [.. tokens.Values], listed, maxLength);

        int Add(string token, JsonElement id, string key)
        {
            if (id.ValueKind != JsonValueKind.Number || !id.TryGetInt32(out int number) || number < 0 || number >= MaxTokens)
                throw root.Invalid(key, $"a token's id is not a whole number from 0 to {MaxTokens - 1}");
            if (!tokens.TryAdd(number, token) && tokens[number] != token)
                throw root.Invalid(key, $"two tokens have the id {number}");
            CheckCount(JsonName, tokens.Count);
            return number;
        }
    }

    private static void RequireText(ConfigSection section, string key, string supported, bool mayBeAbsent = false)
    {
        string? found = section.Text(key);
        if (found != supported && !(found is null && mayBeAbsent))
            throw section.Unsupported(key, $"it is {PlainFileName.Shown(found ?? "absent")}, but Blip supports only {supported}");
    }

    private static void CheckCount(string file, int count)
    {
        if (count > MaxTokens)
            throw new BlipModelException($"{file} has more than {MaxTokens} tokens, which no BLIP model has. {SameModel}");
    }
}
