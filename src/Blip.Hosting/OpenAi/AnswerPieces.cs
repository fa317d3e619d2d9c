namespace Blip.Hosting.OpenAi;

/// <summary>Cuts an answer's text into the pieces that its tokens stand for.</summary>
internal static class AnswerPieces
{
    /// <summary>
    /// A piece for each token that has a part in the text, which is none for the end token. A piece has the space before it, and all
    /// pieces together are the text.
    /// </summary>
    /// <param name="answer">The answer.</param>
    /// <param name="tokens">Its generated tokens as text, in order: <see cref="BlipModel.TokenToText"/>.</param>
    public static List<(string Piece, float LogProbability)> Of(Answer answer, IReadOnlyList<string> tokens)
    {
        List<(string Piece, float LogProbability)> pieces = [];
        ReadOnlySpan<char> text = answer.Text;
        for (int i = 0; i < tokens.Count; i++)
        {
            int spaces = text.Length - text.TrimStart(' ').Length, length = spaces + tokens[i].Length;
            if (tokens[i].Length == 0 || !text[spaces..].StartsWith(tokens[i], StringComparison.Ordinal))
                continue;
            pieces.Add((text[..length].ToString(), answer.TokenLogProbabilities[i]));
            text = text[length..];
        }
        // The clean-up writes some words anew, "do not" as "don't". What no token was found for goes with the last one.
        if (text.Length > 0 && pieces.Count > 0)
            pieces[^1] = (pieces[^1].Piece + text.ToString(), pieces[^1].LogProbability);
        return pieces;
    }
}
