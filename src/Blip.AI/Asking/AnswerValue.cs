using System.Text.Json;

namespace Blip.AI.Asking;

/// <summary>What an answer can be read as.</summary>
internal enum AnswerKind
{
    /// <summary>Yes or no.</summary>
    Boolean,

    /// <summary>A number, in digits or as a word.</summary>
    Integer,

    /// <summary>One of several strings.</summary>
    Choice,

    /// <summary>The answer's words, whatever they are.</summary>
    Words,
}

/// <summary>A JSON schema of one value, such as an answer can be read as. Immutable.</summary>
internal sealed class AnswerValue
{
    /// <summary>What explains and does not restrict. A "format" of a number is its size, which no answer exceeds.</summary>
    public static readonly string[] Annotations =
    [
        "description", "title", "default", "examples", "deprecated", "$comment", "$schema", "$id", "$defs", "definitions",
        "additionalProperties",
    ];

    /// <summary>Numbers are ranked where the range has at most one more.</summary>
    private const int MostNumbers = 100;

    private readonly AnswerKind _kind;
    private readonly bool _isNullable;
    private readonly string[] _choices = [];
    private readonly double _minimum = double.NegativeInfinity, _maximum = double.PositiveInfinity;

    /// <param name="schema">The schema of the value.</param>
    /// <param name="root">The whole schema, which may have definitions.</param>
    /// <exception cref="BlipException"><c>invalid_request</c>: no answer can be read as such a value.</exception>
    public AnswerValue(JsonElement schema, JsonElement root)
    {
        schema = Resolve(schema, root);
        // A value that may be null is written as two schemas, or as two types.
        if (schema.TryGetProperty("anyOf", out JsonElement options) && options.ValueKind == JsonValueKind.Array)
        {
            RequireOnly("anyOf", schema);
            JsonElement[] others = [.. options.EnumerateArray().Where(option => !IsNull(option))];
            if (others.Length != 1)
                throw Unanswerable();
            _isNullable = others.Length < options.GetArrayLength();
            schema = Resolve(others[0], root);
        }
        bool hasChoices = false, mayBeNull = true;
        string? type = schema.TryGetProperty("type", out JsonElement types) ? ReadType(types, out mayBeNull) : null;
        foreach (JsonProperty member in schema.EnumerateObject())
        {
            switch (member.Name)
            {
                case "enum" when member.Value.ValueKind == JsonValueKind.Array:
                    hasChoices = true;
                    JsonElement[] choices = [.. member.Value.EnumerateArray().Where(one => one.ValueKind != JsonValueKind.Null)];
                    mayBeNull &= choices.Length < member.Value.GetArrayLength();
                    _choices = [.. choices.Select(choice => Text(choice))];
                    break;
                case "minimum" when member.Value.ValueKind == JsonValueKind.Number:
                    _minimum = Math.Max(_minimum, member.Value.GetDouble());
                    break;
                case "exclusiveMinimum" when member.Value.ValueKind == JsonValueKind.Number:
                    _minimum = Math.Max(_minimum, Math.Floor(member.Value.GetDouble()) + 1);
                    break;
                case "maximum" when member.Value.ValueKind == JsonValueKind.Number:
                    _maximum = Math.Min(_maximum, member.Value.GetDouble());
                    break;
                case "exclusiveMaximum" when member.Value.ValueKind == JsonValueKind.Number:
                    _maximum = Math.Min(_maximum, Math.Ceiling(member.Value.GetDouble()) - 1);
                    break;
                case "format" when type is "integer" or "number":
                    break;
                default:
                    if (member.Name != "type" && !Annotations.Contains(member.Name))
                        throw Unanswerable();
                    break;
            }
        }
        _kind = type switch
        {
            "boolean" when !hasChoices => AnswerKind.Boolean,
            "integer" or "number" when !hasChoices => AnswerKind.Integer,
            "string" or null when hasChoices => AnswerKind.Choice,
            "string" => AnswerKind.Words,
            _ => throw Unanswerable(),
        };
        _isNullable |= mayBeNull;
        if (!_isNullable && (_kind == AnswerKind.Choice ? _choices.Length == 0 : _kind == AnswerKind.Integer && Least > _maximum))
        {
            throw Invalid("The schema allows no value that an answer can be. "
                + "Give an enum strings, and a maximum that is neither below the minimum nor below 0.");
        }
    }

    /// <summary>
    /// What the model ranks to find the value, in its words; empty where it answers freely: words, numbers without a small largest one, and
    /// values that may be null, which they are where a free answer is none of them.
    /// </summary>
    public IReadOnlyList<string> Choices => _isNullable ? [] : _kind switch
    {
        AnswerKind.Boolean => TypedAnswer<bool>.Choices,
        AnswerKind.Choice => [.. _choices.Select(InWords)],
        AnswerKind.Integer when _maximum - Least <= MostNumbers =>
            TypedAnswer<int>.NumbersInWords((int)Least, (int)_maximum),
        _ => [],
    };

    /// <summary>No answer is a number below 0.</summary>
    private double Least => Math.Max(0, Math.Ceiling(_minimum));

    /// <summary>What a fitting answer is.</summary>
    public string Name => _kind switch
    {
        AnswerKind.Boolean => "yes or no",
        AnswerKind.Integer => "a number that the schema allows",
        AnswerKind.Choice => "one of the schema's strings",
        _ => "words",
    };

    /// <summary>Writes an answer as the value; false, with nothing written, if it is none.</summary>
    public bool TryWrite(Utf8JsonWriter writer, Answer answer)
    {
        string text = answer.Text.Trim();
        switch (_kind)
        {
            case AnswerKind.Boolean when TypedAnswer<bool>.Parse(answer).Value is { } value:
                writer.WriteBooleanValue(value);
                return true;
            case AnswerKind.Integer when TypedAnswer<int>.Parse(answer).Value is { } number && number >= _minimum && number <= _maximum:
                writer.WriteNumberValue(number);
                return true;
            case AnswerKind.Choice when (Array.Find(_choices, choice => choice == text || choice == answer.Text)
                ?? Array.Find(_choices, choice => IsSame(choice, text))) is { } chosen:
                writer.WriteStringValue(chosen);
                return true;
            case AnswerKind.Words:
                writer.WriteStringValue(text);
                return true;
            default:
                if (_isNullable)
                    writer.WriteNullValue();
                return _isNullable;
        }
    }

    public static BlipException Unanswerable() => Invalid(
        "The schema asks for more than an answer can be. It may be an object whose properties are boolean, integer (with minimum and "
        + "maximum), string or enum of strings, each of which may be null too; without patterns, formats, lists and objects in objects.");

    public static BlipException Invalid(string message) => new(BlipErrorCode.InvalidRequest, message);

    /// <summary>What a schema says of its value; null where it says nothing.</summary>
    public static string? Description(JsonElement schema) =>
        !schema.TryGetProperty("description", out JsonElement text) || text.ValueKind == JsonValueKind.Null ? null
        : text.ValueKind == JsonValueKind.String ? Text(text)
        : throw Invalid("'description' must be a string.");

    /// <summary>"fire truck" is FireTruck, fire_truck and Fire-Truck.</summary>
    private static bool IsSame(string choice, string text) => Letters(text).Any() && Letters(choice).SequenceEqual(Letters(text));

    private static IEnumerable<char> Letters(string text) => text.Where(char.IsLetterOrDigit).Select(char.ToLowerInvariant);

    /// <summary>FireTruck, fire_truck and Fire-Truck as "fire truck".</summary>
    private static string InWords(string choice)
    {
        string words = TypedAnswer<bool>.InWords(choice.Replace('-', '_'));
        return words.Any(char.IsLetterOrDigit) ? words : choice;
    }

    private static string ReadType(JsonElement type, out bool mayBeNull)
    {
        mayBeNull = false;
        if (type.ValueKind != JsonValueKind.Array)
            return Text(type);
        string[] types = [.. type.EnumerateArray().Select(one => Text(one))];
        string[] others = [.. types.Where(one => one != "null")];
        mayBeNull = others.Length < types.Length;
        return others is [string only] ? only : throw Unanswerable();
    }

    /// <summary>A schema that stands for another must not restrict it further.</summary>
    private static void RequireOnly(string name, JsonElement schema)
    {
        if (schema.EnumerateObject().Any(member => member.Name != name && !Annotations.Contains(member.Name)))
            throw Unanswerable();
    }

    private static string Text(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Unanswerable();
        }
        catch (InvalidOperationException)
        {
            throw Invalid("A text of the schema is not valid Unicode: it has half of a surrogate pair.");
        }
    }

    private static bool IsNull(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("type", out JsonElement type)
        && type.ValueKind == JsonValueKind.String && type.ValueEquals("null");

    /// <summary>Follows a reference to a definition, once.</summary>
    public static JsonElement Resolve(JsonElement schema, JsonElement root)
    {
        if (schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("$ref", out JsonElement reference))
        {
            RequireOnly("$ref", schema);
            string[] path = Text(reference).Split('/');
            if (path is not ["#", "$defs" or "definitions", _]
                || !root.TryGetProperty(path[1], out JsonElement definitions) || definitions.ValueKind != JsonValueKind.Object
                || !definitions.TryGetProperty(path[2], out schema))
                throw Unanswerable();
        }
        return schema.ValueKind == JsonValueKind.Object ? schema : throw Unanswerable();
    }
}
