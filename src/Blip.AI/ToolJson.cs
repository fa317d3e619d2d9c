using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Blip.AI;

/// <summary>How the arguments and results of the tools are written as JSON, without reflection.</summary>
[JsonSerializable(typeof(ImageAnswer))]
[JsonSerializable(typeof(ImageAnswers))]
[JsonSerializable(typeof(ImageList))]
[JsonSerializable(typeof(ImageMatches))]
[JsonSerializable(typeof(ImageScore))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class ToolJson : JsonSerializerContext
{
    /// <summary>The options of the libraries of agents, which know the tools' types too.</summary>
    public static JsonSerializerOptions With(JsonSerializerOptions options)
    {
        // A model reads this as text, where an escaped apostrophe costs it six characters.
        JsonSerializerOptions all = new(options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = false };
        all.TypeInfoResolverChain.Insert(0, Default);
        all.MakeReadOnly();
        return all;
    }
}
