using System.Globalization;
using System.Text;

namespace Blip.Text;

/// <summary>
/// The character tables of the published tokenizer: the class of a character, and what it becomes in lower case and without accents.
/// They have an old Unicode version. With tables of its own, Blip gives the same ids with every runtime and globalization mode.
/// </summary>
internal sealed class CharacterTable
{
    // The parts of a Hangul syllable are computed, not looked up (The Unicode Standard, section 3.12).
    private const int HangulBase = 0xAC00, HangulCount = 11172;
    private const int LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7, VowelCount = 21, TailCount = 28;

    private static readonly Lazy<CharacterTable> Lazy = new(Load);

    private readonly CharacterClass[] _basic = new CharacterClass[0x10000];
    private readonly List<(int First, int Last, CharacterClass Class)> _beyond = [];
    private readonly Dictionary<int, string> _mapped = [];

    private CharacterTable()
    {
    }

    public static CharacterTable Instance => Lazy.Value;

    public CharacterClass ClassOf(Rune rune)
    {
        if (rune.IsBmp)
            return _basic[rune.Value];
        int low = 0, high = _beyond.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            (int first, int last, CharacterClass kind) = _beyond[middle];
            if (rune.Value < first)
                high = middle - 1;
            else if (rune.Value > last)
                low = middle + 1;
            else
                return kind;
        }
        return CharacterClass.Word;
    }

    /// <summary>Appends the normalised form of a character to a word.</summary>
    public void Append(Rune rune, ref WordBuffer word)
    {
        int syllable = rune.Value - HangulBase;
        if (syllable is >= 0 and < HangulCount)
        {
            word.Append(LeadBase + (syllable / (VowelCount * TailCount)));
            word.Append(VowelBase + (syllable / TailCount % VowelCount));
            if (syllable % TailCount != 0)
                word.Append(TailBase + (syllable % TailCount));
        }
        else if (rune.Value >= 'A' && _mapped.TryGetValue(rune.Value, out string? mapped))
        {
            foreach (Rune part in mapped.EnumerateRunes())
                word.Append(part.Value);
        }
        else
            word.Append(rune.Value);
    }

    /// <summary>
    /// A text in lower case and without accents, with spaces around ideographs, as the library's normalizer gives it. Normalising it again
    /// adds only such spaces.
    /// </summary>
    public string Normalize(ReadOnlySpan<char> text)
    {
        StringBuilder normal = new(text.Length);
        WordBuffer character = new(stackalloc char[WordBuffer.Capacity]);
        foreach (Rune rune in text.EnumerateRunes())
        {
            // An unpaired surrogate becomes the replacement character, which is removed.
            CharacterClass kind = ClassOf(rune);
            if (kind == CharacterClass.Removed)
                continue;
            if (kind == CharacterClass.Space)
            {
                normal.Append(' ');
                continue;
            }
            Append(rune, ref character);
            string space = IsIdeograph(rune.Value) ? " " : "";
            normal.Append(space).Append(character.Text).Append(space);
            character.Clear();
        }
        return normal.ToString();
    }

    /// <summary>The library's ranges of Chinese characters.</summary>
    private static bool IsIdeograph(int codePoint) => codePoint is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF)
        or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);

    /// <summary>
    /// Reads two kinds of lines, with numbers in hexadecimal. <c>CLASS FIRST[-LAST]</c> gives the class of characters: R removed, S
    /// space, P single, Q single and mapped, M mapped; all others are part of a word. <c>= CHARACTER FORM...</c> gives the normalised
    /// form of a mapped character.
    /// </summary>
    private static CharacterTable Load()
    {
        CharacterTable table = new();
        using StreamReader reader = new(typeof(CharacterTable).Assembly.GetManifestResourceStream("Blip.Text.codepoints.txt")!);
        while (reader.ReadLine() is { } line)
        {
            if (line[0] == '=')
                table.AddMapping(line.AsSpan(2));
            else
                table.AddRange(line[0], line.AsSpan(2));
        }
        return table;
    }

    private void AddMapping(ReadOnlySpan<char> line)
    {
        int space = line.IndexOf(' ');
        StringBuilder becomes = new();
        foreach (Range part in line[(space + 1)..].Split(' '))
            becomes.Append(new Rune(Hex(line[(space + 1)..][part])));
        _mapped.Add(Hex(line[..space]), becomes.ToString());
    }

    private void AddRange(char kind, ReadOnlySpan<char> range)
    {
        CharacterClass meaning = kind switch
        {
            'R' => CharacterClass.Removed,
            'S' => CharacterClass.Space,
            'P' or 'Q' => CharacterClass.Single,
            _ => CharacterClass.Word,
        };
        int dash = range.IndexOf('-'), first = Hex(dash < 0 ? range : range[..dash]), last = dash < 0 ? first : Hex(range[(dash + 1)..]);
        if (meaning == CharacterClass.Word)
            return;
        if (first < _basic.Length)
            Array.Fill(_basic, meaning, first, Math.Min(last + 1, _basic.Length) - first);
        if (last >= _basic.Length)
            _beyond.Add((Math.Max(first, _basic.Length), last, meaning));
    }

    private static int Hex(ReadOnlySpan<char> text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
