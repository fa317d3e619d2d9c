using System.Text.Json;

namespace Blip.Hosting;

/// <summary>Writes scores of texts as JSON.</summary>
public static class ScoreJson
{
    /// <summary>Writes a score as one object.</summary>
    /// <param name="writer">The writer.</param>
    /// <param name="score">The score.</param>
    /// <param name="phrases">The phrases whose score it is.</param>
    /// <param name="model">The model that was asked.</param>
    /// <param name="image">The image as the request named it. <see langword="null"/> if it did not name it.</param>
    public static void Write(
        Utf8JsonWriter writer, PhraseScore score, IReadOnlyList<string> phrases, BlipModelInfo model, string? image = null)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(score);
        ArgumentNullException.ThrowIfNull(phrases);
        ArgumentNullException.ThrowIfNull(model);
        writer.WriteStartObject();
        if (image is not null)
            writer.WriteString("image", image);
        writer.WriteStartArray("phrases");
        foreach (string phrase in phrases)
            writer.WriteStringValue(phrase);
        writer.WriteEndArray();
        writer.WriteStartArray("probabilities");
        foreach (double probability in score.Probabilities)
            writer.WriteNumberValue(probability);
        writer.WriteEndArray();
        writer.WriteNumber("score", score.Score);
        AnswerJson.WriteModel(writer, model);
        writer.WriteEndObject();
    }
}
