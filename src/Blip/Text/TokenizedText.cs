namespace Blip.Text;

/// <summary>A text as token ids.</summary>
/// <param name="Ids">The ids: [CLS] first, [SEP] last.</param>
/// <param name="Truncated">Whether the text has more tokens than allowed, so that the ids do not cover all of it.</param>
public readonly record struct TokenizedText(int[] Ids, bool Truncated);
