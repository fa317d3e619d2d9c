using System.Text.Json;
using Blip.Hosting.Asking;

namespace Blip.Hosting.OpenAi;

/// <summary>The events of a streamed response, in the order in which OpenAI sends them.</summary>
internal static class ResponseEvents
{
    public static EventStream Of(ResponseObject response)
    {
        EventStream events = new();
        int sequence = 0;
        Add("response.created", writer => WriteResponse(writer, isDone: false));
        Add("response.in_progress", writer => WriteResponse(writer, isDone: false));
        Add("response.output_item.added", writer => WriteItem(writer, isDone: false));
        Add("response.content_part.added", writer => WritePart(writer, isDone: false));
        if (response.Reply.Refusal is { } refusal)
        {
            Add("response.refusal.delta", writer => WriteText(writer, "delta", refusal, hasPieces: false));
            Add("response.refusal.done", writer => WriteText(writer, "refusal", refusal, hasPieces: false));
        }
        else
        {
            if (response.Reply.Content.Length > 0)
                Add("response.output_text.delta", writer => WriteText(writer, "delta", response.Reply.Content, hasPieces: true));
            Add("response.output_text.done", writer => WriteText(writer, "text", response.Reply.Content, hasPieces: true));
        }
        Add("response.content_part.done", writer => WritePart(writer, isDone: true));
        Add("response.output_item.done", writer => WriteItem(writer, isDone: true));
        Add("response." + response.Status, writer => WriteResponse(writer, isDone: true));
        return events;

        void Add(string type, Action<Utf8JsonWriter> writeMembers) => events.Add(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("type", type);
            writer.WriteNumber("sequence_number", sequence++);
            writeMembers(writer);
            writer.WriteEndObject();
        }, type);

        void WriteResponse(Utf8JsonWriter writer, bool isDone)
        {
            writer.WritePropertyName("response");
            response.Write(writer, isDone);
        }

        void WriteItem(Utf8JsonWriter writer, bool isDone)
        {
            writer.WriteNumber("output_index", 0);
            writer.WritePropertyName("item");
            response.WriteMessage(writer, isDone);
        }

        void WritePart(Utf8JsonWriter writer, bool isDone)
        {
            WritePlace(writer);
            writer.WritePropertyName("part");
            response.WritePart(writer, isDone);
        }

        void WriteText(Utf8JsonWriter writer, string name, string text, bool hasPieces)
        {
            WritePlace(writer);
            writer.WriteString(name, text);
            if (!hasPieces)
                return;
            writer.WritePropertyName("logprobs");
            AnswerPieces.Write(writer, response.Reply.Pieces);
        }

        void WritePlace(Utf8JsonWriter writer)
        {
            writer.WriteString("item_id", response.MessageId);
            writer.WriteNumber("output_index", 0);
            writer.WriteNumber("content_index", 0);
        }
    }
}
