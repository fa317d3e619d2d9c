using System.Text.Json;
using Blip.AI.Asking;

namespace Blip.Hosting.Asking;

/// <summary>Reads the schema of a request. What is wrong with it is refused by the name of the member that holds it.</summary>
internal static class RequestSchema
{
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
                parameter, $"'{parameter}' must be text, or json_schema with a schema that describes the JSON.");
        }
        // In a chat the schema lies one object deeper than in a response.
        RequestMembers holder = given.Object("json_schema") ?? given;
        JsonElement schema = holder.Find("schema")
            ?? throw RequestMembers.Invalid(parameter, $"'{parameter}' has no 'schema'.");
        AnswerSchema read = Of(schema, parameter);
        return holder.Text("name") is { Length: > 0 } ? read : throw holder.Wrong("name", "a string that names the schema");
    }

    /// <summary>Reads a schema that stands by itself.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="parameter">The member that holds it.</param>
    /// <exception cref="FailureException">No answer can have its form.</exception>
    public static AnswerSchema Of(JsonElement schema, string parameter)
    {
        try
        {
            return new AnswerSchema(schema);
        }
        catch (BlipException exception)
        {
            throw RequestMembers.Invalid(parameter, exception.Message);
        }
    }
}
