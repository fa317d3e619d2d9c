namespace Blip.Text;

/// <summary>A text as token ids.</summary>
/// <param name="Ids">The ids, [CLS] first and [SEP] last.</param>
/// <param name="Truncated">Whether the text had more tokens than were allowed.</param>
public readonly record struct TokenizedText(int[] Ids, bool Truncated);
