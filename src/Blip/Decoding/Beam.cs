namespace Blip.Decoding;

/// <summary>The end of a beginning of an answer: its last token, and the beam that it continues from.</summary>
/// <param name="previous">The beam before; <see langword="null"/> for the start token.</param>
/// <param name="token">The token.</param>
/// <param name="logProbability">The token's log-probability, 0 for the start token.</param>
/// <param name="tempered">The same at each of the limits' temperatures.</param>
internal sealed class Beam(Beam? previous, int token, float logProbability, double[]? tempered = null)
{
    public int Token => token;

    /// <summary>Tokens after the start token.</summary>
    public int Length { get; } = previous is null ? 0 : previous.Length + 1;

    /// <summary>The sum of the log-probabilities.</summary>
    public double Sum { get; } = (previous?.Sum ?? 0) + logProbability;

    /// <summary>Its place among all that the decoder has read, once it is read.</summary>
    public int Row { get; set; }

    /// <summary>The row that it follows.</summary>
    public int Parent => previous?.Row ?? DecoderRow.None;

    /// <summary>The tokens up to here, the start token first.</summary>
    public FoundAnswer Answer()
    {
        if (previous is null)
            return new FoundAnswer(token);
        FoundAnswer answer = previous.Answer();
        answer.Add(token, logProbability);
        if (tempered is not null)
            answer.AddTempered(tempered);
        return answer;
    }
}
