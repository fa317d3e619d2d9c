using System.Text.Json;

namespace Blip.Hosting;

/// <summary>Writes matches as JSON.</summary>
public static class MatchJson
{
    /// <summary>Writes a match as one object.</summary>
    /// <param name="writer">The writer.</param>
    /// <param name="match">The match.</param>
    /// <param name="model">The model that told it. <see langword="null"/> where another object names it.</param>
    /// <param name="image">The image as the request named it. <see langword="null"/> if it did not name it.</param>
    public static void Write(Utf8JsonWriter writer, TextMatch match, BlipModelInfo? model = null, string? image = null)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(match);
        writer.WriteStartObject();
        if (image is not null)
            writer.WriteString("image", image);
        writer.WriteString("text", match.Text);
        writer.WriteNumber("match", match.Match);
        writer.WriteNumber("cosine", match.Cosine);
        if (model is not null)
            AnswerJson.WriteModel(writer, model);
        writer.WriteEndObject();
    }
}
