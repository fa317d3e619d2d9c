namespace Blip.Text;

/// <summary>A token that is found in a text before its words are, with the settings of tokenizer.json.</summary>
/// <param name="Content">Its text.</param>
/// <param name="Id">Its id.</param>
/// <param name="IsSpecial">
/// Whether it is not text: it is left out of answers, and a typed one is read as words where that is asked.
/// </param>
/// <param name="IsSingleWord">Whether it counts only where no word begins or ends beside it: <c>single_word</c>.</param>
/// <param name="TakesSpaceBefore">Whether white space before it belongs to it: <c>lstrip</c>.</param>
/// <param name="TakesSpaceAfter">Whether white space after it belongs to it: <c>rstrip</c>.</param>
/// <param name="IsPiece">Whether the vocabulary of word pieces has it too, so that a word can be it.</param>
/// <param name="IsNormalized">Whether it is looked for in lower case and without accents: <c>normalized</c>.</param>
internal sealed record AddedToken(
    string Content, int Id, bool IsSpecial, bool IsPiece = true, bool IsSingleWord = false, bool TakesSpaceBefore = false,
    bool TakesSpaceAfter = false, bool IsNormalized = false);
