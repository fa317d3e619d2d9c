namespace Blip.Text;

/// <summary>What BERT's normalizer and pre-tokenizer make of a character.</summary>
internal enum CharacterClass : byte
{
    /// <summary>It stays in its word.</summary>
    Word,

    /// <summary>It ends a word.</summary>
    Space,

    /// <summary>It is dropped: control, format and unassigned characters, and combining marks.</summary>
    Removed,

    /// <summary>It is a word of its own: punctuation, and CJK ideographs.</summary>
    Single,
}
