using System.Text.Json;
using Blip.Files;

namespace Blip.Checkpoints;

/// <summary>The architectures that Blip runs, and which of them a config.json describes.</summary>
internal static class ModelArchitectures
{
    // The first one is meant where config.json names none.
    private static readonly ModelArchitecture[] All =
        [new QuestionAnsweringArchitecture(), new CaptioningArchitecture(), new MatchingArchitecture()];

    /// <summary>Families with a name like BLIP's, by the beginning of their architectures' names and of their model types.</summary>
    private static readonly (string Name, string Type, string Family)[] Relatives =
        [("Blip2", "blip-2", "BLIP-2"), ("InstructBlip", "instructblip", "InstructBLIP")];

    /// <summary>The architecture of a config.json.</summary>
    /// <exception cref="BlipModelException">Blip does not run it.</exception>
    public static ModelArchitecture Find(ConfigSection config)
    {
        string? type = config.Text("model_type"), name = ReadName(config);
        foreach ((string relative, string relativeType, string family) in Relatives)
        {
            if (name?.StartsWith(relative, StringComparison.Ordinal) == true
                || type?.Replace('_', '-').StartsWith(relativeType, StringComparison.Ordinal) == true)
                throw NotRun($"describes a model of the family {family}, which answers with a large language model");
        }
        if (name is not null && !Array.Exists(All, architecture => architecture.Name == name))
            throw NotRun($"describes the architecture {PlainFileName.Shown(name)}");
        if (type is null ? name is null : type != "blip")
            throw NotRun($"has the model_type {PlainFileName.Shown(type ?? "null")}");
        return Array.Find(All, architecture => architecture.Name == name) ?? All[0];
    }

    /// <summary>The architecture of a name that Blip runs.</summary>
    public static ModelArchitecture Named(string name) => Array.Find(All, architecture => architecture.Name == name)!;

    /// <summary>The first name in <c>architectures</c>, if there is one.</summary>
    private static string? ReadName(ConfigSection config)
    {
        if (config.Find("architectures") is not { ValueKind: JsonValueKind.Array } list)
            return null;
        JsonElement[] names = [.. list.EnumerateArray()];
        if (!Array.TrueForAll(names, name => name.ValueKind == JsonValueKind.String))
            throw config.Invalid("architectures", "it is not a list of names");
        return names.Length > 0 ? names[0].GetString() : null;
    }

    private static BlipModelException NotRun(string finding)
    {
        string names = string.Join(" or ", All.Select(architecture => architecture.Name));
        string examples = string.Join(" or ", All.Select(architecture => $"for {architecture.Task}, such as {architecture.ExampleId}"));
        return new BlipModelException(
            $"{BlipConfig.FileName} {finding}; Blip runs checkpoints of model_type blip and architecture {names}. " +
            $"Use a checkpoint {examples}.");
    }
}
