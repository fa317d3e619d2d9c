using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Blip.Hosting.Asking;

/// <summary>
/// The members of a JSON object of a request. A member that is <c>null</c> counts as absent; one of the wrong type is
/// refused by its name, instead of being ignored.
/// </summary>
/// <param name="element">The object.</param>
/// <param name="parameter">The name by which its members are refused; <see langword="null"/> for their own path.</param>
/// <param name="path">What stands before their names: <c>stream_options.</c></param>
internal readonly struct RequestMembers(JsonElement element, string? parameter = null, string path = "")
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

    /// <summary>Checks a number whose value has no effect here.</summary>
    public void CheckNumber(string name, double? least = null, double? most = null)
    {
        if (Find(name) is not { } value)
            return;
        double number = value.ValueKind == JsonValueKind.Number ? value.GetDouble() : double.NaN;
        if (double.IsNaN(number) || number < least || number > most)
            throw Wrong(name, least is null ? "a number" : FormattableString.Invariant($"a number, {least} to {most}"));
    }

    /// <summary>Checks an object of numbers, which has no effect here. The message has none of its names: they are the caller's.</summary>
    public void CheckNumbers(string name, double least, double most)
    {
        if (Find(name) is { } value && !(value.ValueKind == JsonValueKind.Object && value.EnumerateObject().All(IsNumber)))
            throw Wrong(name, FormattableString.Invariant($"an object whose values are numbers, {least} to {most}"));

        bool IsNumber(JsonProperty one) => one.Value.ValueKind == JsonValueKind.Null
            || (one.Value.ValueKind == JsonValueKind.Number && one.Value.GetDouble() is var number && number >= least && number <= most);
    }

    /// <summary>Checks a whole number of any size, whose value has no effect here.</summary>
    public void CheckInteger(string name)
    {
        if (Find(name) is { } value && !(value.ValueKind == JsonValueKind.Number && double.IsInteger(value.GetDouble())))
            throw Wrong(name, "a whole number");
    }

    /// <summary>Checks a string that is one of several, and has no effect here.</summary>
    public void CheckWord(string name, params ReadOnlySpan<string> words)
    {
        if (Text(name) is { } word && !words.Contains(word))
            throw Wrong(name, "one of " + string.Join(", ", words.ToArray()));
    }

    /// <summary>Checks an array of at most so many strings, which has no effect here.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="most">The largest number of strings.</param>
    /// <param name="orOne">Whether a string alone may stand for an array of it.</param>
    public void CheckTexts(string name, int most = int.MaxValue, bool orOne = false)
    {
        if (Find(name) is not { } value || (orOne && value.ValueKind == JsonValueKind.String))
            return;
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > most
            || value.EnumerateArray().Any(one => one.ValueKind != JsonValueKind.String))
        {
            string count = most == int.MaxValue ? "" : FormattableString.Invariant($"at most {most} ");
            throw Wrong(name, $"{(orOne ? "a string or " : "")}an array of {count}strings");
        }
    }

    /// <summary>An array.</summary>
    public JsonElement? Array(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Array ? value
        : throw Wrong(name, "an array");

    /// <summary>An object.</summary>
    public RequestMembers? Object(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new RequestMembers(value, parameter, $"{path}{name}.")
        : throw Wrong(name, "an object");

    /// <summary>A string that is a choice, or an object that is more than one: then the text is empty.</summary>
    public string? Choice(string name) => Find(name) is { ValueKind: JsonValueKind.Object } ? "" : Text(name);

    public static FailureException Invalid(string parameter, string message) =>
        new(new Failure(StatusCodes.Status400BadRequest, BlipErrorCode.InvalidRequest, message) { Parameter = parameter });

    /// <summary>Refuses a member by its path.</summary>
    public FailureException Wrong(string name, string wanted) => Invalid(parameter ?? path + name, $"'{path}{name}' must be {wanted}.");
}
