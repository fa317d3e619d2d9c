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

    /// <summary>
    /// Asks the questions whose answers are the values, each in its own way: values that are few are ranked, others are searched for.
    /// </summary>
    /// <param name="asked">The question of the request.</param>
    /// <param name="options">How to answer; those of a value are added.</param>
    /// <param name="ask">Asks some questions in one way.</param>
    /// <returns>The answers, in the order of the values.</returns>
    public async Task<Answer[]> AskAsync(
        string asked, AskOptions options, Func<IReadOnlyList<string>, AskOptions, Task<Answer[]>> ask)
    {
        Answer[] answers = new Answer[_values.Count];
        IEnumerable<int> all = Enumerable.Range(0, answers.Length);
        foreach (IGrouping<string, int> alike in all.GroupBy(i => string.Join('\n', _values[i].Value.Choices)))
        {
            int[] places = [.. alike];
            IReadOnlyList<string> choices = _values[places[0]].Value.Choices;
            Answer[] some = await AskAsync([.. places.Select(i => _values[i].Question ?? asked)], choices).ConfigureAwait(false);
            foreach ((int place, Answer answer) in places.Zip(some))
                answers[place] = answer;
        }
        return answers;

        async Task<Answer[]> AskAsync(string[] questions, IReadOnlyList<string> choices)
        {
            try
            {
                if (choices.Count > 0)
                    return await ask(questions, options with { Choices = choices, ChoicesThatCan = true }).ConfigureAwait(false);
            }
            catch (BlipException exception) when (exception.Code == BlipErrorCode.InvalidRequest)
            {
                // All strings have unknown words: the answer may still be one of them.
            }
            return await ask(questions, options).ConfigureAwait(false);
        }
    }

    /// <summary>Writes answers in the form of the schema.</summary>
    /// <param name="answers">The answers of <see cref="AskAsync"/>.</param>
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
