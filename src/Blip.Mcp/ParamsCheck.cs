using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace Blip.Mcp;

/// <summary>Names what is wrong with the params of a request. The SDK reads them into objects, and says only that it could not.</summary>
internal static class ParamsCheck
{
    private const string Initialize = "initialize", SetLevel = "logging/setLevel";

    private static readonly string[] Levels = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

    /// <returns>What is wrong; null for nothing that is known here.</returns>
    public static string? Find(JsonRpcRequest request)
    {
        try
        {
            JsonObject? members = request.Params as JsonObject;
            return request.Method switch
            {
                RequestMethods.ToolsCall when members is null =>
                    "'params' is missing: an object with the tool's 'name' and its 'arguments'.",
                RequestMethods.ToolsCall => Text(members, "name", "names the tool") ?? Object(members, "arguments"),
                RequestMethods.ResourcesRead => Text(members, "uri", "is a resource's address"),
                RequestMethods.ToolsList or RequestMethods.ResourcesList or RequestMethods.ResourcesTemplatesList =>
                    members?["cursor"] is null ? null : Text(members, "cursor", "a list gave"),
                SetLevel => Text(members, "level", "is a level") ?? (Levels.Contains(members!["level"]!.GetValue<string>())
                    ? null
                    : $"'level' must be one of {string.Join(", ", Levels)}."),
                Initialize => Text(members, "protocolVersion", "is a date") ?? Object(members, "capabilities") ?? Client(members),
                _ => null,
            };
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            return "'params' has a name twice, or a text that is not valid Unicode.";
        }
    }

    private static string? Client(JsonObject? members) => members?["clientInfo"] is null
        ? "'clientInfo' is missing: an object with the client's 'name' and 'version'."
        : Object(members, "clientInfo")
            ?? Text(members!["clientInfo"]!.AsObject(), "name", "names the client", "clientInfo.")
            ?? Text(members!["clientInfo"]!.AsObject(), "version", "is the client's version", "clientInfo.");

    private static string? Text(JsonObject? members, string name, string what, string path = "") => members?[name] switch
    {
        null => $"'{path}{name}' is missing: a string that {what}.",
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>().Length > 0
            ? null
            : $"'{path}{name}' is empty: a string that {what}.",
        _ => $"'{path}{name}' must be a string.",
    };

    private static string? Object(JsonObject? members, string name) =>
        (members?[name] is null or JsonObject) ? null : $"'{name}' must be an object.";
}
