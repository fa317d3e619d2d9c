using System.Text.Json;

namespace Blip.Checkpoints;

/// <summary>One object of a configuration file. Every failure names the file and the key.</summary>
internal readonly struct ConfigSection(string file, string prefix, JsonElement? values)
{
    private const string Example = "Salesforce/blip-vqa-base";

    public ConfigSection Section(string key)
    {
        JsonElement? value = Find(key);
        if (value is { ValueKind: not JsonValueKind.Object })
            throw Invalid(key, "it is not an object");
        return new ConfigSection(file, prefix + key + ".", value);
    }

    /// <summary>An object that is a part of a list or a map under a key.</summary>
    public ConfigSection Within(string key, JsonElement value) => new(file, prefix + key + ".", value);

    public int Int(string key, int fallback, int least, int most)
    {
        if (Find(key) is not { } value)
            return fallback;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out int number) || number < least || number > most)
            throw Invalid(key, FormattableString.Invariant($"it is {Shown(value)}, but must be a whole number from {least} to {most}"));
        return number;
    }

    /// <summary>A number that is above zero.</summary>
    public double Positive(string key, double fallback, double most)
    {
        if (Find(key) is not { } value)
            return fallback;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number) || !(number > 0 && number <= most))
            throw Invalid(key, FormattableString.Invariant($"it is {Shown(value)}, but must be above 0 and at most {most}"));
        return number;
    }

    public bool Bool(string key, bool fallback) => Find(key) switch
    {
        null => fallback,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => throw Invalid(key, $"it is {Shown(value)}, but must be true or false"),
    };

    public string? Text(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        { } value => throw Invalid(key, $"it is {Shown(value)}, but must be text"),
    };

    /// <summary>The names of all values.</summary>
    public IReadOnlyList<string> Keys => values is { } section ? [.. section.EnumerateObject().Select(entry => entry.Name)] : [];

    /// <summary>A list of texts; empty where it is absent.</summary>
    public IReadOnlyList<string> Texts(string key)
    {
        if (Find(key) is not { } value)
            return [];
        return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(item => item.GetString()!)] : throw Invalid(key, "it is not a list of texts");
    }

    /// <summary>Whether the key is there with the value null.</summary>
    public bool IsNull(string key) =>
        values is { } section && section.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Null;

    /// <summary>The value, or <see langword="null"/> where it is absent or null.</summary>
    public JsonElement? Find(string key) =>
        values is { } section && section.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public BlipModelException Invalid(string key, string defect) =>
        new($"{prefix}{key} in {file} cannot be used: {defect}. Download the file again from where the model was published.");

    /// <summary>The error for a value that is in order, of a model that Blip does not run.</summary>
    public BlipModelException Unsupported(string key, string finding) =>
        new($"{prefix}{key} in {file} is not supported: {finding}. The file is not damaged; use another model, such as {Example}.");

    private static string Shown(JsonElement value)
    {
        string text = value.GetRawText().ReplaceLineEndings(" ");
        return text.Length <= 40 ? text : text[..40] + "...";
    }
}
