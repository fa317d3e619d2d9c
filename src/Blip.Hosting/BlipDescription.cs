using System.Text.Json.Nodes;
using Blip.Hosting.Page;

namespace Blip.Hosting;

/// <summary>The description of Blip's addresses (OpenAPI 3.1), as <c>/openapi/v1.json</c> gives it.</summary>
public static class BlipDescription
{
    /// <summary>
    /// Reads it each time. An application with its own keys changes <c>security</c> and
    /// <c>components.securitySchemes</c>, and serves the result at the same address: its own description is served there.
    /// </summary>
    public static JsonObject Read() => JsonNode.Parse(EmbeddedFiles.Read("openapi.json"))!.AsObject();
}
