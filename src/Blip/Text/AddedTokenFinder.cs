using System.Buffers;
using System.Globalization;
using System.Text;

namespace Blip.Text;

/// <summary>
/// Finds added tokens in a text, the leftmost first and of those the longest, as the published library does (the Rust library
/// <c>tokenizers</c>, 0.23).
/// </summary>
internal sealed class AddedTokenFinder
{
    private readonly Dictionary<char, (string Pattern, AddedToken Token)[]> _byFirst;
    private readonly SearchValues<char> _first;
    private readonly bool _hasWords;

    /// <param name="tokens">The tokens, each with the text to look for. Of equal texts the first counts; an empty one is not found.</param>
    public AddedTokenFinder(IEnumerable<(string Pattern, AddedToken Token)> tokens)
    {
        // The order of the sorted ones that are equally long stays.
        _byFirst = tokens.Where(token => token.Pattern.Length > 0).GroupBy(token => token.Pattern[0])
            .ToDictionary(group => group.Key, group => group.OrderByDescending(token => token.Pattern.Length).ToArray());
        _first = SearchValues.Create([.. _byFirst.Keys]);
        _hasWords = _byFirst.Values.Any(group => Array.Exists(group, token => !token.Token.IsSpecial));
    }

    /// <summary>Whether there is anything to find.</summary>
    /// <param name="special">Whether special tokens are looked for.</param>
    public bool Finds(bool special) => special ? _byFirst.Count > 0 : _hasWords;

    /// <summary>The tokens in a text, from the left to the right.</summary>
    /// <param name="text">The text.</param>
    /// <param name="special">Whether special tokens count. Those that do not hide what is in them all the same.</param>
    public Search In(ReadOnlySpan<char> text, bool special) => new(this, text, special);

    /// <summary>A token and the part of the text that it takes.</summary>
    public readonly record struct Match(AddedToken Token, int Start, int End);

    /// <summary>A search under way.</summary>
    public ref struct Search(AddedTokenFinder finder, ReadOnlySpan<char> text, bool special)
    {
        private readonly ReadOnlySpan<char> _text = text;
        private int _scanned, _taken;

        public bool Next(out Match match)
        {
            while (FindPattern() is { } found)
            {
                AddedToken token = found.Token;
                (int start, int end) = (_scanned, _scanned += found.Pattern.Length);
                if ((token.IsSpecial && !special) || (token.IsSingleWord && (EndsWithWord(_text[..start]) || StartsWithWord(_text[end..]))))
                    continue;
                if (token.TakesSpaceBefore)
                    start = Math.Max(_text[..start].TrimEnd().Length, _taken);
                if (token.TakesSpaceAfter)
                    end = _text.Length - _text[end..].TrimStart().Length;
                // The token before has taken it as white space.
                if (start >= end)
                    continue;
                _taken = end;
                match = new Match(token, start, end);
                return true;
            }
            match = default;
            return false;
        }

        /// <summary>The next pattern, which begins at <see cref="_scanned"/>.</summary>
        private (string Pattern, AddedToken Token)? FindPattern()
        {
            while (_text[_scanned..].IndexOfAny(finder._first) is var next and >= 0)
            {
                _scanned += next;
                foreach ((string pattern, AddedToken token) in finder._byFirst[_text[_scanned]])
                {
                    if (_text[_scanned..].StartsWith(pattern, StringComparison.Ordinal))
                        return (pattern, token);
                }
                _scanned++;
            }
            return null;
        }

        private static bool EndsWithWord(ReadOnlySpan<char> text) =>
            Rune.DecodeLastFromUtf16(text, out Rune rune, out _) == OperationStatus.Done && IsOfWord(rune);

        private static bool StartsWithWord(ReadOnlySpan<char> text) =>
            Rune.DecodeFromUtf16(text, out Rune rune, out _) == OperationStatus.Done && IsOfWord(rune);

        /// <summary>What a regular expression's <c>\w</c> is in Rust (Unicode Technical Standard 18, annex C).</summary>
        private static bool IsOfWord(Rune rune) => Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.LetterNumber
                or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
                or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.ConnectorPunctuation => true,
            // Letters in circles and squares are alphabetic, and so are the two joiners.
            _ => rune.Value is (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169)
                or (>= 0x1F170 and <= 0x1F189) or 0x200C or 0x200D,
        };
    }
}
