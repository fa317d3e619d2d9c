using System.Text;
using System.Text.Json;

namespace Blip.Hosting.Asking;

/// <summary>A part of the content that a token stands for.</summary>
/// <param name="Text">The part.</param>
/// <param name="LogProbability">The token's log-probability.</param>
/// <param name="Top">The most likely tokens at its place, as the texts that they would have added.</param>
internal readonly record struct AnswerPiece(
    string Text, float LogProbability, IReadOnlyList<(string Text, byte[] Bytes, float LogProbability)> Top);

/// <summary>Cuts an answer's text into the pieces that its tokens stand for.</summary>
internal static class AnswerPieces
{
    /// <summary>
    /// A piece for each token that has a part in the text, which is none for the end token. A piece has the space before it, and all
    /// pieces together are the text.
    /// </summary>
    /// <param name="answer">The answer.</param>
    /// <param name="tokenToText"><see cref="BlipModel.TokenToText"/>.</param>
    public static List<AnswerPiece> Of(Answer answer, Func<int, string> tokenToText)
    {
        List<(int Place, string Text)> pieces = [];
        ReadOnlySpan<char> text = answer.Text;
        for (int i = 0; i < answer.TokenLogProbabilities.Count; i++)
        {
            string token = tokenToText(answer.TokenIds[i + 1]);
            int spaces = text.Length - text.TrimStart(' ').Length, length = spaces + token.Length;
            if (token.Length == 0 || !text[spaces..].StartsWith(token, StringComparison.Ordinal))
                continue;
            pieces.Add((i, text[..length].ToString()));
            text = text[length..];
        }
        // The clean-up changes some words, "do not" to "don't". Text without a token belongs to the last one.
        if (text.Length > 0 && pieces.Count > 0)
            pieces[^1] = (pieces[^1].Place, pieces[^1].Text + text.ToString());
        return pieces.ConvertAll(piece =>
            new AnswerPiece(piece.Text, answer.TokenLogProbabilities[piece.Place], Top(answer, piece.Place, piece.Text, tokenToText)));
    }

    /// <summary>A part of the content that no token stands for, which is always there: its probability is 1.</summary>
    public static AnswerPiece Label(string text) => new(text, 0, []);

    /// <summary>Writes pieces as an array, in the form that both of OpenAI's interfaces have.</summary>
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<AnswerPiece>? pieces)
    {
        writer.WriteStartArray();
        foreach (AnswerPiece piece in pieces ?? [])
        {
            WriteToken(writer, piece.Text, Encoding.UTF8.GetBytes(piece.Text), piece.LogProbability);
            writer.WriteStartArray("top_logprobs");
            foreach ((string text, byte[] bytes, float logProbability) in piece.Top)
            {
                WriteToken(writer, text, bytes, logProbability);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    /// <summary>The answer's own token has the text of its piece; a special token has a name, and no bytes.</summary>
    private static (string, byte[], float)[] Top(Answer answer, int place, string piece, Func<int, string> tokenToText) =>
        answer.TopLogProbabilities.Count == 0 ? [] :
        [
            .. answer.TopLogProbabilities[place].Select(token =>
            {
                string text = token.TokenId == answer.TokenIds[place + 1] ? piece : token.Text;
                return (text.Length > 0 ? text : tokenToText(token.TokenId), Encoding.UTF8.GetBytes(text), token.LogProbability);
            }),
        ];

    private static void WriteToken(Utf8JsonWriter writer, string text, byte[] bytes, float logProbability)
    {
        writer.WriteStartObject();
        writer.WriteString("token", text);
        writer.WriteNumber("logprob", logProbability);
        writer.WriteStartArray("bytes");
        foreach (byte one in bytes)
            writer.WriteNumberValue(one);
        writer.WriteEndArray();
    }
}
