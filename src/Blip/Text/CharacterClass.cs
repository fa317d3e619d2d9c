namespace Blip.Text;

/// <summary>What BERT's normalizer and pre-tokenizer do with a character.</summary>
internal enum CharacterClass : byte
{
    /// <summary>It is part of a word.</summary>
    Word,

    /// <summary>It ends a word.</summary>
    Space,

    /// <summary>It is removed: control, format and unassigned characters, and combining marks.</summary>
    Removed,

    /// <summary>It is a separate word: punctuation, and CJK ideographs.</summary>
    Single,
}
