using System.Text.Json;

namespace Blip.Hosting;

/// <summary>Writes a list of answers as the member <c>answers</c> of an object, over HTTP and in blobs.</summary>
internal static class AnswersJson
{
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<QuestionOutcome> asked, string? image = null)
    {
        writer.WriteStartArray("answers");
        foreach (QuestionOutcome one in asked)
        {
            if (one.Answer is { } answer)
                AnswerJson.Write(writer, answer, one.Question, image);
            else
                AnswerJson.WriteError(writer, one.Error!.Code, one.Error.Message, one.Question, image);
        }
        writer.WriteEndArray();
    }
}
