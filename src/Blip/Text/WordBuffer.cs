using System.Text;

namespace Blip.Text;

/// <summary>Collects the normalised characters of a word. When the word gets longer than the limit, only its length is right.</summary>
internal ref struct WordBuffer(Span<char> characters)
{
    /// <summary>A word with more characters than this is [UNK].</summary>
    public const int MaxCharacters = 100;

    /// <summary>The size of the buffer in UTF-16 units: enough for the longest word of surrogate pairs.</summary>
    public const int Capacity = 2 * MaxCharacters;

    private readonly Span<char> _characters = characters;
    private int _length;

    /// <summary>The number of code points so far.</summary>
    public int Count { get; private set; }

    public readonly ReadOnlySpan<char> Text => _characters[.._length];

    public void Append(int codePoint)
    {
        if (++Count <= MaxCharacters)
            _length += new Rune(codePoint).EncodeToUtf16(_characters[_length..]);
    }

    public void Clear() => (_length, Count) = (0, 0);
}
