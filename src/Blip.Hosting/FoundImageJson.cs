using System.Text.Json;
using Blip.AI.Searching;

namespace Blip.Hosting;

/// <summary>An image that a search found, in JSON: the same members over HTTP and on the command line.</summary>
internal static class FoundImageJson
{
    /// <summary>Writes its members into an object that is open.</summary>
    public static void WriteMembers(Utf8JsonWriter writer, FoundImage image)
    {
        writer.WriteString("name", image.Name);
        writer.WriteNumber("score", image.Score);
        if (image.Match is { } match)
            writer.WriteNumber("match", match);
        writer.WriteString("handle", image.Handle);
    }
}
