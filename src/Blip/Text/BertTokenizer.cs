using System.Text;

namespace Blip.Text;

/// <summary>
/// The tokenizer of BLIP's text models: BERT's uncased WordPiece. It gives the ids of the published fast tokenizer for every character.
/// The result does not depend on the Unicode tables or the globalization mode of the runtime. Immutable and thread-safe.
/// </summary>
public sealed class BertTokenizer
{
    /// <summary>The limit of the published tokenizer when the files do not state one.</summary>
    internal const int DefaultMaxLength = 512;

    private const string Continuation = "##";

    private readonly string[] _tokens;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal), _added = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _continuations = new(StringComparer.Ordinal);
    private readonly HashSet<int> _specialIds;
    private readonly AddedTokenFinder _typed, _normalized;
    private readonly int _longest;

    internal BertTokenizer(TokenizerFiles files)
    {
        _tokens = files.Tokens;
        foreach (AddedToken token in files.Added.Where(token => !token.IsPiece))
            _added[token.Content] = token.Id;
        MaxLength = files.MaxLength ?? DefaultMaxLength;
        for (int id = 0; id < _tokens.Length; id++)
        {
            string token = _tokens[id];
            if (_added.ContainsKey(token))
                continue;
            _longest = Math.Max(_longest, token.Length);
            // When a token is in vocab.txt twice, the later line counts, as in Python.
            _ids[token] = id;
            if (token.StartsWith(Continuation, StringComparison.Ordinal))
                _continuations[token[Continuation.Length..]] = id;
        }
        AddedToken[] added = [.. files.Added.OrderBy(token => !token.IsSpecial)];
        _specialIds = [.. added.Where(token => token.IsSpecial).Select(token => token.Id)];
        _typed = new AddedTokenFinder(added.Where(token => !token.IsNormalized).Select(token => (token.Content, token)));
        (string Pattern, AddedToken Token)[] normalized =
            [.. added.Where(token => token.IsNormalized).Select(token => (CharacterTable.Instance.Normalize(token.Content), token))];
        _normalized = new AddedTokenFinder(normalized);
        // Such a token is text in its normalised form, in an answer too.
        foreach ((string pattern, AddedToken token) in normalized)
            _tokens[token.Id] = pattern;
        ClsTokenId = files.Require(this, "[CLS]");
        SepTokenId = files.Require(this, "[SEP]");
        PadTokenId = files.Require(this, "[PAD]");
        UnknownTokenId = files.Require(this, "[UNK]");
    }

    /// <summary>The number of tokens, including added ones such as [DEC] and [ENC].</summary>
    public int VocabularySize => _tokens.Length;

    /// <summary>
    /// The maximum number of tokens of a text, including special ones: the smaller of <c>model_max_length</c> and
    /// <c>max_position_embeddings</c> in the folder's files, or 512 when the files state neither.
    /// </summary>
    public int MaxLength { get; }

    /// <summary>The id of [CLS], the first token of a text.</summary>
    public int ClsTokenId { get; }

    /// <summary>The id of [SEP], the last token of a text.</summary>
    public int SepTokenId { get; }

    /// <summary>The id of [PAD].</summary>
    public int PadTokenId { get; }

    /// <summary>The id of [UNK], which replaces a word that cannot be split into pieces of the vocabulary.</summary>
    public int UnknownTokenId { get; }

    /// <summary>Reads a folder's tokenizer: <c>tokenizer.json</c>, else <c>vocab.txt</c> with <c>tokenizer_config.json</c>.</summary>
    /// <param name="directory">
    /// The folder. When its <c>vocab.txt</c> does not have [DEC] and [ENC], they are added after the last token.
    /// </param>
    /// <exception cref="BlipModelException">
    /// The files are missing (<see cref="BlipErrorCode.ModelNotFound"/>), or they are broken or belong to another kind of tokenizer
    /// (<see cref="BlipErrorCode.ModelInvalid"/>).
    /// </exception>
    public static BertTokenizer Load(string directory) => new(TokenizerFiles.Read(directory));

    /// <summary>Finds the id of a token, such as <c>[DEC]</c>.</summary>
    /// <param name="token">The token as the vocabulary writes it.</param>
    /// <param name="id">The id; 0 when there is no such token.</param>
    /// <returns>Whether the vocabulary has the token.</returns>
    public bool TryGetTokenId(string token, out int id) =>
        _added.TryGetValue(token, out id) || _ids.TryGetValue(token, out id);

    /// <summary>Whether a token is special, such as [SEP], and not text.</summary>
    public bool IsSpecial(int id) => _specialIds.Contains(id);

    /// <summary>Converts a text to ids, with [CLS] first and [SEP] last.</summary>
    /// <param name="text">Any text. Unpaired surrogates are removed.</param>
    /// <param name="mode">How special tokens in the text are read.</param>
    /// <param name="maxLength">
    /// The maximum number of ids, including special ones: at least 2; <see langword="null"/> for <see cref="MaxLength"/>. Text after
    /// the last id is not read.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> is less than 2.</exception>
    public TokenizedText Encode(string text, SpecialTokenMode mode = SpecialTokenMode.Plain, int? maxLength = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        int most = maxLength ?? MaxLength;
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 2, nameof(maxLength));
        List<int> ids = new(16) { ClsTokenId };
        // An id too many shows that the text has more tokens than the limit.
        bool whole = Encode(text, isNormalized: false, special: mode == SpecialTokenMode.Reference, ids, most);
        if (!whole)
            ids.RemoveRange(most - 1, ids.Count - (most - 1));
        ids.Add(SepTokenId);
        return new TokenizedText([.. ids], !whole);
    }

    /// <summary>
    /// Converts ids to text. Special tokens are left out, pieces of a word are joined, and the space before <c>. ? ! ,</c> is removed,
    /// also before tokens that begin so, such as <c>...</c>
    /// </summary>
    /// <param name="ids">The ids: 0 to <see cref="VocabularySize"/> - 1.</param>
    /// <param name="cleanUp">
    /// Whether spaces around apostrophes and in contractions are removed, too. The transformers library did this by default before
    /// version 5.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such id.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool cleanUp = true)
    {
        StringBuilder text = new();
        bool isFirst = true;
        foreach (int id in ids)
        {
            string piece = PieceOf(id, isFirst);
            text.Append(piece);
            isFirst &= piece.Length == 0;
        }
        if (cleanUp)
        {
            text.Replace(" .", ".").Replace(" ?", "?").Replace(" !", "!").Replace(" ,", ",").Replace(" ' ", "'")
                .Replace(" n't", "n't").Replace(" 'm", "'m").Replace(" 's", "'s").Replace(" 've", "'ve").Replace(" 're", "'re");
        }
        return text.ToString();
    }

    /// <summary>What a token adds to a text as it is decoded: nothing for a special one.</summary>
    /// <param name="id">The token's id.</param>
    /// <param name="isFirst">Whether nothing stands before it.</param>
    internal string PieceOf(int id, bool isFirst)
    {
        string token = Token(id);
        if (_specialIds.Contains(id))
            return "";
        if (!isFirst)
            token = token.StartsWith(Continuation, StringComparison.Ordinal) ? token[Continuation.Length..] : " " + token;
        return CleanUp(token);
    }

    /// <summary>What the library's decoder does to each token, with the space before it.</summary>
    private static string CleanUp(string token) =>
        token.Replace(" .", ".", StringComparison.Ordinal).Replace(" ?", "?", StringComparison.Ordinal)
            .Replace(" !", "!", StringComparison.Ordinal).Replace(" ,", ",", StringComparison.Ordinal)
            .Replace(" ' ", "'", StringComparison.Ordinal).Replace(" n't", "n't", StringComparison.Ordinal)
            .Replace(" 'm", "'m", StringComparison.Ordinal).Replace(" do not", " don't", StringComparison.Ordinal)
            .Replace(" 's", "'s", StringComparison.Ordinal).Replace(" 've", "'ve", StringComparison.Ordinal)
            .Replace(" 're", "'re", StringComparison.Ordinal);

    /// <summary>One token as text. A piece that continues a word has no <c>##</c>; a special token is not changed.</summary>
    /// <param name="id">The token's id: 0 to <see cref="VocabularySize"/> - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such id.</exception>
    public string TokenToText(int id)
    {
        string token = Token(id);
        return token.StartsWith(Continuation, StringComparison.Ordinal) ? token[Continuation.Length..] : token;
    }

    private string Token(int id) => (uint)id < (uint)_tokens.Length
        ? _tokens[id]
        : throw new ArgumentOutOfRangeException(nameof(id), id, $"The vocabulary has the ids 0 to {_tokens.Length - 1}.");

    /// <summary>
    /// Appends the text's ids. Added tokens split the text as it was typed, then those that are looked for in normalised text split what is
    /// between. Returns false when there is no room left for [SEP]: what follows is not read.
    /// </summary>
    private bool Encode(ReadOnlySpan<char> text, bool isNormalized, bool special, List<int> ids, int most)
    {
        AddedTokenFinder finder = isNormalized ? _normalized : _typed;
        int read = 0;
        if (finder.Finds(special))
        {
            AddedTokenFinder.Search search = finder.In(text, special);
            while (search.Next(out AddedTokenFinder.Match match))
            {
                if (!EncodeBetween(text[read..Math.Max(read, match.Start)], isNormalized, special, ids, most))
                    return false;
                ids.Add(match.Token.Id);
                if (ids.Count >= most)
                    return false;
                read = match.End;
            }
        }
        return EncodeBetween(text[read..], isNormalized, special, ids, most);
    }

    private bool EncodeBetween(ReadOnlySpan<char> text, bool isNormalized, bool special, List<int> ids, int most) =>
        isNormalized || !_normalized.Finds(special)
            ? EncodeWords(text, ids, most)
            : Encode(CharacterTable.Instance.Normalize(text), isNormalized: true, special, ids, most);

    /// <summary>Appends the ids of a text in which no added token is looked for.</summary>
    private bool EncodeWords(ReadOnlySpan<char> text, List<int> ids, int most)
    {
        CharacterTable table = CharacterTable.Instance;
        WordBuffer word = new(stackalloc char[WordBuffer.Capacity]);
        for (int at = 0, read; at < text.Length; at += read)
        {
            Rune.DecodeFromUtf16(text[at..], out Rune rune, out read);
            Append(rune, table, ref word, ids);
            if (ids.Count >= most)
                return false;
        }
        AppendWord(ref word, ids);
        return ids.Count < most;
    }

    private void Append(Rune rune, CharacterTable table, ref WordBuffer word, List<int> ids)
    {
        switch (table.ClassOf(rune))
        {
            case CharacterClass.Word:
                table.Append(rune, ref word);
                break;
            case CharacterClass.Space:
                AppendWord(ref word, ids);
                break;
            case CharacterClass.Single:
                AppendWord(ref word, ids);
                table.Append(rune, ref word);
                AppendWord(ref word, ids);
                break;
            default:
                break;
        }
    }

    /// <summary>Appends a word's pieces, each as long as possible. If no piece fits a part of the word, the whole word is [UNK].</summary>
    private void AppendWord(ref WordBuffer word, List<int> ids)
    {
        if (word.Count == 0)
            return;
        int before = ids.Count;
        ReadOnlySpan<char> rest = word.Count <= WordBuffer.MaxCharacters ? word.Text : default;
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> pieces = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        bool known = !rest.IsEmpty;
        while (known && !rest.IsEmpty)
        {
            int length = Math.Min(rest.Length, _longest);
            int id = 0;
            while (length > 0 && !pieces.TryGetValue(rest[..length], out id))
                length--;
            known = length > 0;
            if (known)
                ids.Add(id);
            rest = rest[length..];
            pieces = _continuations.GetAlternateLookup<ReadOnlySpan<char>>();
        }
        if (!known)
        {
            ids.RemoveRange(before, ids.Count - before);
            ids.Add(UnknownTokenId);
        }
        word.Clear();
    }
}
