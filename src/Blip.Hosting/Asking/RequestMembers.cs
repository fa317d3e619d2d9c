using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Blip.Hosting.Asking;

/// <summary>
/// The members of a JSON object of a request. A member that is <c>null</c> counts as absent; one of the wrong type is
/// refused by its name, instead of being ignored.
/// </summary>
/// <param name="element">The object.</param>
/// <param name="parameter">The name by which its members are refused; <see langword="null"/> for their own.</param>
internal readonly struct RequestMembers(JsonElement element, string? parameter = null)
{
    /// <summary>A value that must be an object.</summary>
    /// <param name="value">The value.</param>
    /// <param name="parameter">The name by which it and its members are refused.</param>
    /// <param name="message">Why it is refused where it is none.</param>
    public static RequestMembers Of(JsonElement value, string parameter, string message) =>
        value.ValueKind == JsonValueKind.Object ? new RequestMembers(value, parameter) : throw Invalid(parameter, message);

    /// <summary>A member of any type.</summary>
    public JsonElement? Find(string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A string.</summary>
    public string? Text(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? Bodies.Text(value, name)
        : throw Wrong(name, "a string");

    /// <summary>True or false; absent is false.</summary>
    public bool Flag(string name) => Find(name) is { } value
        && (value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(name, "true or false"));

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
            throw Wrong(name, "a whole number, " + range);
        }
        return (int)Math.Min(number, int.MaxValue);
    }

    /// <summary>Numbers, whose values have no effect here.</summary>
    public void CheckNumbers(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (Find(name) is { ValueKind: not JsonValueKind.Number })
                throw Wrong(name, "a number");
        }
    }

    /// <summary>An array.</summary>
    public JsonElement? Array(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Array ? value
        : throw Wrong(name, "an array");

    /// <summary>An object.</summary>
    public RequestMembers? Object(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new RequestMembers(value, parameter)
        : throw Wrong(name, "an object");

    /// <summary>A string that is a choice, or an object that is more than one: then the text is empty.</summary>
    public string? Choice(string name) => Find(name) is { ValueKind: JsonValueKind.Object } ? "" : Text(name);

    public static FailureException Invalid(string parameter, string message) =>
        new(new Failure(StatusCodes.Status400BadRequest, BlipErrorCode.InvalidRequest, message) { Parameter = parameter });

    private FailureException Wrong(string name, string wanted) => Invalid(parameter ?? name, $"'{name}' must be {wanted}.");
}
