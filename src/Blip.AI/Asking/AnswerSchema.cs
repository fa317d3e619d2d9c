using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Blip.AI.Asking;

/// <summary>
/// The JSON schema that an answer is to follow: one value, or an object of values. Where it has several values, the description of each
/// is its question. Immutable.
/// </summary>
internal sealed class AnswerSchema
{
    private const int MaxNameLength = 64;

    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] Members = ["type", "properties", "required"];

    private readonly List<(string? Name, string? Question, AnswerValue Value)> _values = [];

    /// <param name="root">The schema; it is not needed afterwards.</param>
    /// <exception cref="BlipException"><c>invalid_request</c>: no answer can have its form.</exception>
    public AnswerSchema(JsonElement root)
    {
        JsonElement schema = AnswerValue.Resolve(root, root);
        if (!schema.TryGetProperty("properties", out JsonElement properties))
        {
            _values.Add((null, null, new AnswerValue(schema, root)));
            return;
        }
        if (schema.EnumerateObject().Any(member => !Members.Contains(member.Name) && !AnswerValue.Annotations.Contains(member.Name))
            || properties.ValueKind != JsonValueKind.Object || properties.GetPropertyCount() is 0 or > BlipTools.MaxQuestions)
            throw AnswerValue.Unanswerable();
        bool isOne = properties.GetPropertyCount() == 1;
        foreach (JsonProperty property in properties.EnumerateObject())
        {
            if (property.Name.Length > MaxNameLength || property.Value.ValueKind != JsonValueKind.Object)
                throw AnswerValue.Unanswerable();
            string? question = isOne ? null : AnswerValue.Description(property.Value) ?? throw AnswerValue.Invalid(
                "The schema has several properties. Give each a 'description' that is its question.");
            _values.Add((property.Name, question, new AnswerValue(property.Value, root)));
        }
    }

    /// <summary>The questions whose answers are the values, in order.</summary>
    /// <param name="asked">The question of the request.</param>
    public IReadOnlyList<string> Questions(string asked) => [.. _values.Select(value => value.Question ?? asked)];

    /// <summary>Writes answers in the form of the schema.</summary>
    /// <param name="answers">The answers to <see cref="Questions"/>.</param>
    /// <returns>JSON; or why there is none, because an answer is not what the schema asks for.</returns>
    public (string Json, string? Refusal) Write(IReadOnlyList<Answer> answers)
    {
        ArrayBufferWriter<byte> json = new();
        string? refusal = null;
        using (Utf8JsonWriter writer = new(json, Readable))
        {
            bool isObject = _values[0].Name is not null;
            if (isObject)
                writer.WriteStartObject();
            for (int i = 0; i < _values.Count; i++)
            {
                (string? name, _, AnswerValue value) = _values[i];
                if (name is not null)
                    writer.WritePropertyName(name);
                if (value.TryWrite(writer, answers[i]))
                    continue;
                refusal ??= $"The answer is \"{answers[i].Text}\", which is not {value.Name}."
                    + (name is null ? "" : $" It was to be '{name}'.");
                writer.WriteNullValue();
            }
            if (isObject)
                writer.WriteEndObject();
        }
        return (Encoding.UTF8.GetString(json.WrittenSpan), refusal);
    }
}
