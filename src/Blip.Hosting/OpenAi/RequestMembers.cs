using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Blip.Hosting.OpenAi;

/// <summary>
/// The members of a JSON object of a request in OpenAI's form. A member that is <c>null</c> counts as absent; one of the wrong type is
/// refused by its name, instead of being ignored.
/// </summary>
internal readonly struct RequestMembers(JsonElement element)
{
    /// <summary>A string.</summary>
    public string? Text(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? Bodies.Text(value, name)
        : throw Invalid(name, $"'{name}' must be a string.");

    /// <summary>True or false; absent is false.</summary>
    public bool Flag(string name) => Find(name) is { } value
        && (value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw Invalid(name, $"'{name}' must be true or false."));

    /// <summary>A whole number, which may be written as 1e3; one above what an int holds counts as the largest int.</summary>
    public int? Number(string name, int least, int most)
    {
        if (Find(name) is not { } value)
            return null;
        bool whole = value.ValueKind == JsonValueKind.Number && double.IsInteger(value.GetDouble());
        double number = whole ? value.GetDouble() : 0;
        if (!whole || number < least || (number > most && most != int.MaxValue))
        {
            string range = most == int.MaxValue
                ? FormattableString.Invariant($"{least} or more")
                : FormattableString.Invariant($"{least} to {most}");
            throw Invalid(name, $"'{name}' must be a whole number, {range}.");
        }
        return (int)Math.Min(number, int.MaxValue);
    }

    /// <summary>Any number; its value has no effect here.</summary>
    public void CheckNumber(string name)
    {
        if (Find(name) is { ValueKind: not JsonValueKind.Number })
            throw Invalid(name, $"'{name}' must be a number.");
    }

    /// <summary>An array; its elements have no effect here.</summary>
    public void CheckArray(string name)
    {
        if (Find(name) is { ValueKind: not JsonValueKind.Array })
            throw Invalid(name, $"'{name}' must be an array.");
    }

    /// <summary>An object.</summary>
    public RequestMembers? Object(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new RequestMembers(value)
        : throw Invalid(name, $"'{name}' must be an object.");

    /// <summary>A string that is a choice, or an object that is more than one: then the text is empty.</summary>
    public string? Choice(string name) => Find(name) is { ValueKind: JsonValueKind.Object } ? "" : Text(name);

    public static FailureException Invalid(string parameter, string message) =>
        new(new Failure(StatusCodes.Status400BadRequest, BlipErrorCode.InvalidRequest, message) { Parameter = parameter });

    private JsonElement? Find(string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
