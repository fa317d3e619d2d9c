using System.Text.Json;
using Blip.AI;

namespace Blip.Mcp;

/// <summary>The arguments of a call: images as MCP content are turned into text, and what does not fit the tool is named.</summary>
internal static class ToolArguments
{
    /// <summary>
    /// Turns an image as MCP content, <c>{"type":"image","data":"...","mimeType":"..."}</c>, into a data URI, which the tools read.
    /// </summary>
    public static void ReadImages(IDictionary<string, JsonElement> arguments)
    {
        if (arguments.TryGetValue("image", out JsonElement image) && DataUri(image) is { } uri)
            arguments["image"] = JsonSerializer.SerializeToElement(uri, ToolJson.Default.String);
        if (arguments.TryGetValue("images", out JsonElement images) && images.ValueKind == JsonValueKind.Array
            && images.EnumerateArray().Any(one => DataUri(one) is not null))
        {
            string?[] all =
                [.. images.EnumerateArray().Select(one => one.ValueKind == JsonValueKind.String ? one.GetString() : DataUri(one))];
            // With anything else among them the list is left, to be refused for that.
            if (!all.Contains(null))
                arguments["images"] = JsonSerializer.SerializeToElement(all!, ToolJson.Default.StringArray);
        }
    }

    /// <summary>Says which argument does not fit; null where all do. How many entries a list has is for the tool to say.</summary>
    /// <param name="schema">The tool's own, with <c>properties</c> that are strings or lists of strings, all of them required, or
    /// numbers and booleans, none of which is.</param>
    /// <param name="arguments">The arguments.</param>
    public static string? FindFault(JsonElement schema, IDictionary<string, JsonElement> arguments)
    {
        JsonProperty[] known = schema.TryGetProperty("properties", out JsonElement properties) ? [.. properties.EnumerateObject()] : [];
        if (arguments.Keys.FirstOrDefault(given => !known.Any(p => p.NameEquals(given))) is { } unknown)
        {
            string those = known.Length == 0 ? "the tool has none" : $"the arguments are {string.Join(", ", known.Select(p => p.Name))}";
            return $"There is no argument '{PlainText.Of(unknown)}'; {those}.";
        }
        foreach (JsonProperty property in known)
        {
            string? optional = property.Value.GetProperty("type").GetString() switch
            {
                "number" => "a number",
                "boolean" => "true or false",
                _ => null,
            };
            if (optional is not null)
            {
                if (arguments.TryGetValue(property.Name, out JsonElement given) && given.ValueKind != JsonValueKind.Null
                    && KindOf(given) != optional)
                    return $"The argument '{property.Name}' must be {optional}, and is {KindOf(given)}.";
                continue;
            }
            bool isList = property.Value.TryGetProperty("items", out _);
            string wanted = isList ? $"a list of 1 to {BlipTools.MaxQuestions} strings" : "a string";
            if (!arguments.TryGetValue(property.Name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
                return $"The argument '{property.Name}' is missing: {wanted}.";
            if (IsImage(value) && DataUri(value) is null)
                return NoData(property.Name);
            if (value.ValueKind != (isList ? JsonValueKind.Array : JsonValueKind.String))
                return $"The argument '{property.Name}' must be {wanted}, and is {KindOf(value)}.";
            int index = 0;
            foreach (JsonElement item in isList ? value.EnumerateArray() : default)
            {
                string place = FormattableString.Invariant($"{property.Name}[{index++}]");
                bool isImage = IsImage(item);
                if (isImage && DataUri(item) is null)
                    return NoData(place);
                // A list with another fault has its images still as they came.
                if (item.ValueKind != JsonValueKind.String && !(isImage && property.NameEquals("images")))
                    return $"The argument '{place}' must be a string, and is {KindOf(item)}.";
            }
        }
        return null;
    }

    /// <summary>Leaves out arguments that are null, as some models write what they do not give. Only optional ones are left.</summary>
    public static void LeaveOutNulls(IDictionary<string, JsonElement> arguments)
    {
        foreach (string name in arguments.Keys.Where(name => arguments[name].ValueKind == JsonValueKind.Null).ToArray())
            arguments.Remove(name);
    }

    private static string NoData(string argument) => $"The argument '{argument}' is an image whose 'data' is missing: a string of base64.";

    private static bool IsImage(JsonElement content) =>
        content.ValueKind == JsonValueKind.Object
        && content.TryGetProperty("type", out JsonElement type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("image");

    private static string? DataUri(JsonElement content) =>
        IsImage(content) && content.TryGetProperty("data", out JsonElement data) && data.ValueKind == JsonValueKind.String
        && data.GetString() is { } text
            // What the image is its bytes say. A service has put a name in the place of long base64.
            ? text.StartsWith("data:", StringComparison.Ordinal) ? text : "data:;base64," + text
            : null;

    private static string KindOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
