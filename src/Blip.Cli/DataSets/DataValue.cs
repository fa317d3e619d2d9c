using System.Text.Json;

namespace Blip.Cli.DataSets;

/// <summary>A cell of a table: a text, or a JSON value of another kind as it stood, so that a number stays one.</summary>
/// <param name="Text">The text; the JSON itself where it is no string.</param>
/// <param name="IsJson">Whether <paramref name="Text"/> is JSON.</param>
internal readonly record struct DataValue(string Text, bool IsJson = false)
{
    /// <summary>The value of a member; <see langword="null"/> for JSON's null.</summary>
    /// <exception cref="InvalidOperationException">A string is not valid Unicode.</exception>
    public static DataValue? From(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => null,
        JsonValueKind.String => new DataValue(value.GetString()!),
        _ => new DataValue(value.GetRawText(), IsJson: true),
    };

    /// <summary>A cell of a table of texts, where nothing stands for no value.</summary>
    public static DataValue? FromText(string text) => text.Length == 0 ? null : new DataValue(text);

    public void Write(Utf8JsonWriter writer)
    {
        if (IsJson)
            writer.WriteRawValue(Text, skipInputValidation: true);
        else
            writer.WriteStringValue(Text);
    }

    public override string ToString() => Text;
}
