namespace Blip.Decoding;

/// <summary>One token for the decoder to read.</summary>
/// <param name="Answer">Which answer it belongs to.</param>
/// <param name="Token">The token.</param>
/// <param name="Parent">
/// The row it follows, counted over all that the decoder has read and reads now, or <see cref="None"/> for the first of an answer.
/// </param>
internal readonly record struct DecoderRow(int Answer, int Token, int Parent)
{
    public const int None = -1;
}
