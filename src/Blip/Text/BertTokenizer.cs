using System.Text;

namespace Blip.Text;

/// <summary>
/// The tokenizer of BLIP's text models, BERT's uncased WordPiece: equal to the published fast tokenizer on every character, whatever the runtime's
/// Unicode tables and globalization mode are. Immutable and thread-safe.
/// </summary>
public sealed class BertTokenizer
{
    /// <summary>What the published tokenizer assumes where no limit is known.</summary>
    internal const int DefaultMaxLength = 512;

    private const string Continuation = "##";

    private readonly string[] _tokens;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _continuations = new(StringComparer.Ordinal);
    private readonly string[] _special;
    private readonly HashSet<int> _specialIds = [];
    private readonly int _longest;

    internal BertTokenizer(TokenizerFiles files)
    {
        _tokens = files.Tokens;
        MaxLength = files.MaxLength ?? DefaultMaxLength;
        for (int id = 0; id < _tokens.Length; id++)
        {
            string token = _tokens[id];
            _longest = Math.Max(_longest, token.Length);
            // Of a token that stands twice in vocab.txt the later line counts, as in Python.
            _ids[token] = id;
            if (token.StartsWith(Continuation, StringComparison.Ordinal))
                _continuations[token[Continuation.Length..]] = id;
        }
        // Where two begin alike, the longer one is meant.
        _special = [.. files.Special.OrderByDescending(token => token.Length)];
        foreach (string token in _special)
            _specialIds.Add(files.Require(_ids, token));
        ClsTokenId = files.Require(_ids, "[CLS]");
        SepTokenId = files.Require(_ids, "[SEP]");
        PadTokenId = files.Require(_ids, "[PAD]");
        UnknownTokenId = files.Require(_ids, "[UNK]");
    }

    /// <summary>The number of tokens, added ones such as [DEC] and [ENC] included.</summary>
    public int VocabularySize => _tokens.Length;

    /// <summary>
    /// The most tokens of a text, special ones counted: the least of <c>model_max_length</c> and <c>max_position_embeddings</c> that the
    /// folder's files tell, else 512.
    /// </summary>
    public int MaxLength { get; }

    /// <summary>The id of [CLS], which begins a text.</summary>
    public int ClsTokenId { get; }

    /// <summary>The id of [SEP], which ends a text.</summary>
    public int SepTokenId { get; }

    /// <summary>The id of [PAD].</summary>
    public int PadTokenId { get; }

    /// <summary>The id of [UNK], which stands for a word that cannot be made of pieces.</summary>
    public int UnknownTokenId { get; }

    /// <summary>Reads a folder's tokenizer: <c>tokenizer.json</c>, else <c>vocab.txt</c> with <c>tokenizer_config.json</c>.</summary>
    /// <param name="directory">The folder. [DEC] and [ENC] follow the vocabulary's last entry where a <c>vocab.txt</c> lacks them.</param>
    /// <exception cref="BlipModelException">The files are missing or broken, or of another kind of tokenizer.</exception>
    public static BertTokenizer Load(string directory) => new(TokenizerFiles.Read(directory));

    /// <summary>The id of a token, such as <c>[DEC]</c>.</summary>
    public bool TryGetTokenId(string token, out int id) => _ids.TryGetValue(token, out id);

    /// <summary>Whether a token is special, such as [SEP], and no text.</summary>
    public bool IsSpecial(int id) => _specialIds.Contains(id);

    /// <summary>Turns a text into ids, [CLS] first and [SEP] last.</summary>
    /// <param name="text">Any text. Unpaired surrogates are dropped.</param>
    /// <param name="mode">What becomes of special tokens in it.</param>
    /// <param name="maxLength">The most ids, special ones counted, at least 2; <see cref="MaxLength"/> where <see langword="null"/>. The rest of the text is not even read.</param>
    public TokenizedText Encode(string text, SpecialTokenMode mode = SpecialTokenMode.Plain, int? maxLength = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        int most = maxLength ?? MaxLength;
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 2, nameof(maxLength));
        List<int> ids = new(16) { ClsTokenId };
        // One id beyond the limit tells that there were more.
        bool whole = Encode(text, mode == SpecialTokenMode.Plain ? [] : _special, ids, most);
        if (!whole)
            ids.RemoveRange(most - 1, ids.Count - (most - 1));
        ids.Add(SepTokenId);
        return new TokenizedText([.. ids], !whole);
    }

    /// <summary>Turns ids into text: special tokens are skipped, pieces joined, and the space before <c>. ? ! ,</c> is dropped.</summary>
    /// <param name="ids">The ids.</param>
    /// <param name="cleanUp">
    /// Whether spaces around apostrophes and contractions are dropped too, as transformers did by default before its fifth release.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such id.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool cleanUp = true)
    {
        StringBuilder text = new();
        foreach (int id in ids)
        {
            string token = Token(id);
            if (_specialIds.Contains(id))
                continue;
            if (text.Length > 0 && token.StartsWith(Continuation, StringComparison.Ordinal))
                text.Append(token, Continuation.Length, token.Length - Continuation.Length);
            else if (text.Length > 0 && token is not ("." or "?" or "!" or ","))
                text.Append(' ').Append(token);
            else
                text.Append(token);
        }
        if (cleanUp)
        {
            text.Replace(" .", ".").Replace(" ?", "?").Replace(" !", "!").Replace(" ,", ",").Replace(" ' ", "'")
                .Replace(" n't", "n't").Replace(" 'm", "'m").Replace(" 's", "'s").Replace(" 've", "'ve").Replace(" 're", "'re");
        }
        return text.ToString();
    }

    /// <summary>One token as text: a special one as it is written, a continuing piece without its mark.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such id.</exception>
    public string TokenToText(int id)
    {
        string token = Token(id);
        return token.StartsWith(Continuation, StringComparison.Ordinal) ? token[Continuation.Length..] : token;
    }

    private string Token(int id) =>
        (uint)id < (uint)_tokens.Length ? _tokens[id] : throw new ArgumentOutOfRangeException(nameof(id), id, $"The vocabulary has {_tokens.Length} tokens, from 0 on.");

    /// <summary>
    /// Appends the text's ids; special tokens, where they are to be found, split it as it was typed. False where the limit, with [SEP] to
    /// come, is passed: what follows is not read.
    /// </summary>
    private bool Encode(ReadOnlySpan<char> text, ReadOnlySpan<string> special, List<int> ids, int most)
    {
        CharacterTable table = CharacterTable.Instance;
        WordBuffer word = new(stackalloc char[WordBuffer.Capacity]);
        for (int at = 0, read; at < text.Length; at += read)
        {
            if (FindAtStart(special, text[at..]) is { } token)
            {
                AppendWord(ref word, ids);
                ids.Add(_ids[token]);
                read = token.Length;
            }
            else
            {
                Rune.DecodeFromUtf16(text[at..], out Rune rune, out read);
                Append(rune, table, ref word, ids);
            }
            if (ids.Count >= most)
                return false;
        }
        AppendWord(ref word, ids);
        return ids.Count < most;
    }

    private static string? FindAtStart(ReadOnlySpan<string> special, ReadOnlySpan<char> text)
    {
        foreach (string token in special)
        {
            if (text.StartsWith(token, StringComparison.Ordinal))
                return token;
        }
        return null;
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

    /// <summary>Appends a word's pieces, each the longest that fits; a word with a part that no piece fits is unknown as a whole.</summary>
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
