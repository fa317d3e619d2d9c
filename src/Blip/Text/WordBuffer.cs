using System.Text;

namespace Blip.Text;

/// <summary>A word as it grows, normalized. Of a word beyond the limit only the length is kept.</summary>
internal ref struct WordBuffer(Span<char> characters)
{
    /// <summary>A word of more characters is unknown as a whole.</summary>
    public const int MaxCharacters = 100;

    /// <summary>Room for the longest word of surrogate pairs.</summary>
    public const int Capacity = 2 * MaxCharacters;

    private readonly Span<char> _characters = characters;
    private int _length;

    /// <summary>Code points so far.</summary>
    public int Count { get; private set; }

    public readonly ReadOnlySpan<char> Text => _characters[.._length];

    public void Append(int codePoint)
    {
        if (++Count <= MaxCharacters)
            _length += new Rune(codePoint).EncodeToUtf16(_characters[_length..]);
    }

    public void Clear() => (_length, Count) = (0, 0);
}
