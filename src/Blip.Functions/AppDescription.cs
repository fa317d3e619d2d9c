using System.Text.Json.Nodes;
using Blip.Hosting;

namespace Blip.Functions;

/// <summary>The description of this app: that of every host, with the platform's keys in place of Blip's.</summary>
internal static class AppDescription
{
    public static string Create()
    {
        JsonObject document = BlipDescription.Read();
        document["security"] = JsonNode.Parse("""[{"functionKey": []}, {"functionCode": []}]""");
        JsonObject components = document["components"]!.AsObject();
        components["securitySchemes"] = JsonNode.Parse("""
            {
              "functionKey": {"type": "apiKey", "in": "header", "name": "x-functions-key"},
              "functionCode": {"type": "apiKey", "in": "query", "name": "code"}
            }
            """);
        // The platform checks keys before the app is asked.
        components["responses"]!["401"] =
            new JsonObject { ["description"] = "The key is missing or wrong. The platform answers, without a body." };
        return document.ToJsonString();
    }
}
