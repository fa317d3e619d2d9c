using Blip.Decoding;

namespace Blip.Inference;

/// <summary>One question as the network takes it.</summary>
/// <param name="Memory">The picture.</param>
/// <param name="Ids">The question's tokens, [CLS] and [SEP] included.</param>
/// <param name="Limits">How long its answer may be.</param>
internal sealed record PictureQuestion(PictureMemory Memory, int[] Ids, LengthLimits Limits);
