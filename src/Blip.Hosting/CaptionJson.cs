using System.Text.Json;

namespace Blip.Hosting;

/// <summary>Writes captions as JSON, in the form of answers (<see cref="AnswerJson"/>).</summary>
public static class CaptionJson
{
    /// <summary>Writes a caption as one object.</summary>
    /// <param name="writer">The writer.</param>
    /// <param name="caption">The caption.</param>
    /// <param name="image">The image as the request named it. <see langword="null"/> if it did not name it.</param>
    public static void Write(Utf8JsonWriter writer, Caption caption, string? image = null)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(caption);
        writer.WriteStartObject();
        if (image is not null)
            writer.WriteString("image", image);
        writer.WriteString("caption", caption.Text);
        AnswerJson.WriteTokens(writer, caption.TokenIds, caption.TokenLogProbabilities);
        if (caption.Sequences.Count > 0)
            AnswerJson.WriteSequences(writer, caption.Sequences, "caption");
        AnswerJson.WriteModel(writer, caption.Model);
        AnswerJson.WriteTiming(writer, caption.Timing);
        writer.WriteEndObject();
    }
}
