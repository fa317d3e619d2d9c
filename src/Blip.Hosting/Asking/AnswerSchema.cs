using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Blip.Hosting.Asking;

/// <summary>
/// The JSON schema that a request asks an answer to follow: one value, or an object of values. Where it has several values, the
/// description of each is its question. Immutable.
/// </summary>
internal sealed class AnswerSchema
{
    private const int MaxNameLength = 64;

    private static readonly string[] Members = ["type", "properties", "required"];

    private readonly List<(string? Name, string? Question, AnswerValue Value)> _values = [];

    private AnswerSchema(JsonElement root, string parameter)
    {
        JsonElement schema = AnswerValue.Resolve(root, root, parameter);
        if (!schema.TryGetProperty("properties", out JsonElement properties))
        {
            _values.Add((null, null, new AnswerValue(schema, root, parameter)));
            return;
        }
        if (schema.EnumerateObject().Any(member => !Members.Contains(member.Name) && !AnswerValue.Annotations.Contains(member.Name))
            || properties.ValueKind != JsonValueKind.Object || properties.GetPropertyCount() is 0 or > AI.BlipTools.MaxQuestions)
            throw AnswerValue.Unanswerable(parameter);
        bool isOne = properties.GetPropertyCount() == 1;
        foreach (JsonProperty property in properties.EnumerateObject())
        {
            if (property.Name.Length > MaxNameLength || property.Value.ValueKind != JsonValueKind.Object)
                throw AnswerValue.Unanswerable(parameter);
            string? question = isOne ? null : new RequestMembers(property.Value, parameter).Text("description")
                ?? throw RequestMembers.Invalid(
                    parameter, "The schema has several properties. Give each a 'description' that is its question.");
            _values.Add((property.Name, question, new AnswerValue(property.Value, root, parameter)));
        }
    }

    /// <summary>Reads the member that says the form of the answer.</summary>
    /// <param name="format">The member; <see langword="null"/> if the request has none.</param>
    /// <param name="parameter">Its name.</param>
    /// <returns>The schema; <see langword="null"/> for plain words.</returns>
    /// <exception cref="FailureException">The form is unknown, or no answer can have it.</exception>
    public static AnswerSchema? Read(RequestMembers? format, string parameter)
    {
        if (format is not { } given || given.Text("type") is not { } type || type == "text")
            return null;
        if (type != "json_schema")
        {
            throw RequestMembers.Invalid(
                parameter, $"'{parameter}' must be text, or json_schema with a schema that says what the JSON holds.");
        }
        // In a chat the schema lies one object deeper than in a response.
        JsonElement schema = (given.Object("json_schema") ?? given).Find("schema")
            ?? throw RequestMembers.Invalid(parameter, $"'{parameter}' has no 'schema'.");
        return new AnswerSchema(schema, parameter);
    }

    /// <summary>Reads a schema that stands by itself.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="parameter">The member that holds it.</param>
    /// <exception cref="FailureException">No answer can have its form.</exception>
    public static AnswerSchema Of(JsonElement schema, string parameter) => new(schema, parameter);

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
        Bodies.WriteJson(json, writer =>
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
        });
        return (Encoding.UTF8.GetString(json.WrittenSpan), refusal);
    }
}
